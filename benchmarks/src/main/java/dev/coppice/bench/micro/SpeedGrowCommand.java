package dev.coppice.bench.micro;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.coppice.moe.cli.ExitCode;
import dev.coppice.moe.cli.OutputOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice bench speed grow}. */
@Command(
    name = "grow",
    description =
        "Measures depth x2 and width x2 with noise, each beside a plain copy of the same"
            + " output. Measures whole commands on tens of thousands of tensors.")
public final class SpeedGrowCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "CKPT", description = "Folder of the checkpoint to grow.")
  private Path checkpoint;

  @Option(
      names = "--repeats",
      paramLabel = "N",
      defaultValue = "5",
      description = "Number of repeats; medians are shown (default: 5).")
  private int repeats;

  @Option(
      names = "--work",
      paramLabel = "DIR",
      defaultValue = "${sys:java.io.tmpdir}",
      description =
          "Folder for the outputs, which are deleted at the end (default: ${DEFAULT-VALUE}).")
  private Path work;

  @Mixin private OutputOptions output;

  @Spec private CommandSpec spec;

  /** Made by picocli. */
  public SpeedGrowCommand() {}

  @Override
  public Integer call() throws IOException {
    Consumer<String> log = output.quiet() ? line -> {} : spec.commandLine().getErr()::println;
    ImmutableList<SpeedGrow.Arm> arms = SpeedGrow.measure(checkpoint, work, repeats, log);
    SpeedPlan plan = plan();
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("repeats", repeats);
    json.put("threads", Runtime.getRuntime().availableProcessors());
    arms.forEach(arm -> put(json.putObject(arm.name()), arm));
    json.put("inspect_tensors", plan.inspectTensors());
    json.put("inspect_seconds", plan.inspectSeconds());
    json.put("plan_tensors", plan.planTensors());
    json.put("plan_seconds", plan.planSeconds());
    String text =
        Stream.concat(arms.stream().map(SpeedGrowCommand::line), Stream.of(line(plan)))
            .collect(Collectors.joining(System.lineSeparator()));
    output.print(spec.commandLine().getOut(), json, text);
    return ExitCode.OK.number();
  }

  private SpeedPlan plan() throws IOException {
    Path folder = Files.createTempDirectory(work, "coppice-speed-plan-");
    try {
      return SpeedPlan.measure(folder, repeats);
    } finally {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }

  private static String line(SpeedPlan plan) {
    return String.format(
        Locale.ROOT,
        "inspect %,d tensors: %.2f s; plan %,d tensors: %.2f s (whole commands)",
        plan.inspectTensors(),
        plan.inspectSeconds(),
        plan.planTensors(),
        plan.planSeconds());
  }

  private static void put(ObjectNode json, SpeedGrow.Arm arm) {
    json.put("bytes", arm.bytes());
    json.put("seconds", arm.medianSeconds());
    json.put("copy_seconds", arm.medianCopySeconds());
    json.put("ratio", arm.ratio());
    json.put("bytes_per_second", arm.bytesPerSecond());
    json.put("peak_resident_bytes", arm.peakResidentBytes());
  }

  private static String line(SpeedGrow.Arm arm) {
    return String.format(
        Locale.ROOT,
        "%s x2: %.2f s, %.2f GB/s, peak %.0f MB; plain copy of the same %.2f GB: %.2f s; ratio %.2f",
        arm.name(),
        arm.medianSeconds(),
        arm.bytesPerSecond() / 1e9,
        arm.peakResidentBytes() / 1e6,
        arm.bytes() / 1e9,
        arm.medianCopySeconds(),
        arm.ratio());
  }
}

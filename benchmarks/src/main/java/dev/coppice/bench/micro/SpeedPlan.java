package dev.coppice.bench.micro;

import com.google.common.collect.ImmutableList;
import com.google.common.math.Quantiles;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.cli.Coppice;
import dev.coppice.moe.spec.MoeSpec;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How long the program takes over very many tensors: to inspect a checkpoint of some 37,000, and to
 * plan a growth to some 280,000.
 *
 * <p>Both are whole commands in a process of their own, from the start of the launcher to the last
 * line. The tensors have a few bytes each: names, shapes and headers are what is timed.
 *
 * @param inspectTensors tensors of the inspected checkpoint
 * @param inspectSeconds of {@code coppice inspect}, median
 * @param planTensors tensors of the planned output
 * @param planSeconds of {@code coppice grow --dry-run}, median
 */
public record SpeedPlan(
    int inspectTensors, double inspectSeconds, int planTensors, double planSeconds) {

  /** As deep and wide as a Qwen3-30B-A3B that was grown to twice its depth. */
  private static final MoeSpec INSPECTED = ZeroCheckpoint.spec(96, 128);

  /** As deep and wide as the largest open models. */
  private static final MoeSpec PLANNED = ZeroCheckpoint.spec(61, 384);

  /**
   * Measures both.
   *
   * @param folder an existing, empty folder
   * @param repeats times each is done, at least 1
   */
  static SpeedPlan measure(Path folder, int repeats) throws IOException {
    Path inspected = folder.resolve("inspected");
    Path planned = folder.resolve("planned");
    int tensors = ZeroCheckpoint.write(inspected, INSPECTED);
    int before = ZeroCheckpoint.write(planned, PLANNED);
    int layers = PLANNED.layerCount();
    int experts = PLANNED.firstMoe().orElseThrow().experts();
    int perLayer = (before - 3) / layers;
    List<Double> inspect = new ArrayList<>();
    List<Double> plan = new ArrayList<>();
    for (int repeat = 0; repeat < repeats; repeat++) {
      inspect.add(seconds(ImmutableList.of("inspect", inspected.toString())));
      plan.add(
          seconds(
              ImmutableList.of(
                  "grow",
                  planned.toString(),
                  folder.resolve("never").toString(),
                  "--depth=2",
                  "--width=2",
                  "--dry-run")));
    }
    int grown = 3 + 2 * layers * (perLayer + 3 * experts);
    return new SpeedPlan(
        tensors, Quantiles.median().compute(inspect), grown, Quantiles.median().compute(plan));
  }

  /** The launcher, which chooses Java's options by the command; without one, as this one runs. */
  private static List<String> program() {
    Optional<String> launcher = Optional.ofNullable(System.getProperty("coppice.launcher"));
    if (launcher.isPresent()) {
      return ImmutableList.of(launcher.get());
    }
    return ImmutableList.<String>builder()
        .add(Path.of(System.getProperty("java.home"), "bin", "java").toString())
        .addAll(ManagementFactory.getRuntimeMXBean().getInputArguments())
        .add("-cp", System.getProperty("java.class.path"), Coppice.class.getName())
        .build();
  }

  /** Runs the program and waits for it. */
  private static double seconds(ImmutableList<String> arguments) throws IOException {
    List<String> command = new ArrayList<>(program());
    command.addAll(arguments);
    long started = System.nanoTime();
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      int code = process.waitFor();
      if (code != 0) {
        throw new CoppiceException(
            ErrorKind.FAILED, "command must end with 0, got " + code + " (" + arguments + ")");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      process.destroyForcibly();
      throw new IOException("interrupted while a command ran", e);
    }
    return (System.nanoTime() - started) / 1e9;
  }
}

package dev.coppice.growth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.growth.GrowthReport.Side;
import dev.coppice.growth.advice.Advice;
import dev.coppice.growth.advice.AdviceRequest;
import dev.coppice.growth.advice.Finding;
import dev.coppice.growth.advice.GrowthAdvisor;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.cli.ExitCode;
import dev.coppice.moe.cli.OutputOptions;
import dev.coppice.moe.io.PlainJson;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice advise}: whether and how a checkpoint should grow. */
@Command(
    name = "advise",
    description = {
      "Recommends a growth for a checkpoint and a budget for its training, with the"
          + " source of each finding.",
      "Reads all weights for the norm profile, except with --no-norms. Writes nothing."
    })
final class AdviseCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "CKPT", description = "Folder of the checkpoint.")
  private Path folder;

  @Option(
      names = "--budget",
      paramLabel = "FLOPS",
      converter = CountConverter.class,
      description = "Available extra training FLOPs, such as 3e20.")
  private Optional<BigInteger> budget;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      converter = CountConverter.class,
      description =
          "Number of tokens in the checkpoint's training, such as 400e9; used if it has no"
              + " ledger.")
  private Optional<BigInteger> tokens;

  @Option(
      names = "--sunk",
      paramLabel = "FLOPS",
      converter = CountConverter.class,
      description =
          "FLOPs of the checkpoint's training; used if there is neither ledger nor --tokens.")
  private Optional<BigInteger> sunk;

  @Option(
      names = "--depth",
      paramLabel = "K",
      defaultValue = "2",
      description = "Depth factor of the examined growth (default: 2).")
  private int depth;

  @Option(
      names = "--width",
      paramLabel = "M",
      defaultValue = "2",
      description = "Width factor of the examined growth (default: 2).")
  private int width;

  @Option(names = "--no-norms", description = "Leaves the norm profile out, and reads no weights.")
  private boolean withoutNorms;

  @Mixin private FamilyOptions family;

  @Mixin private OutputOptions output;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    AdviceRequest request = new AdviceRequest(budget, tokens, sunk, depth, width, !withoutNorms);
    try (Checkpoint checkpoint = Checkpoint.open(folder, family.families())) {
      Advice advice = advise(checkpoint, request);
      output.print(spec.commandLine().getOut(), json(checkpoint, advice), text(advice));
    }
    return ExitCode.OK.number();
  }

  private Advice advise(Checkpoint checkpoint, AdviceRequest request) throws IOException {
    try (ByteProgress progress = new ByteProgress("norms", output.quiet())) {
      return GrowthAdvisor.advise(checkpoint, request, progress);
    }
  }

  private static ObjectNode json(Checkpoint checkpoint, Advice advice) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    CheckpointJson.put(json, Side.of(checkpoint));
    ObjectNode findings = json.putObject("findings");
    for (Finding finding : advice.findings()) {
      ObjectNode entry = findings.putObject(finding.topic());
      entry.put("verdict", finding.verdict());
      ObjectNode numbers = entry.putObject("numbers");
      finding
          .numbers()
          .forEach(
              (name, number) ->
                  numbers.set(name, PlainJson.mapper().<JsonNode>valueToTree(number)));
      entry.put("text", finding.text());
      entry.put("source", finding.source());
    }
    ObjectNode sizes = json.putObject("sizes");
    for (Advice.GrownSize size : advice.sizes()) {
      ObjectNode entry = sizes.putObject(size.name());
      entry.put("possible", size.possible());
      if (size.possible()) {
        entry.put("parameters", size.parameters());
        entry.put("active_parameters", size.active());
        entry.put("flops_per_token", Math.multiplyExact(6, size.active()));
      } else {
        entry.put("refusal", size.refusal());
      }
    }
    ObjectNode recommendation = json.putObject("recommendation");
    recommendation.put("command", advice.recommendation().command());
    recommendation.put("reason", advice.recommendation().reason());
    return json;
  }

  private static String text(Advice advice) {
    StringBuilder text = new StringBuilder();
    for (Finding finding : advice.findings()) {
      text.append(
          String.format(
              Locale.ROOT,
              "%s: %s%n  %s%n  source: %s%n",
              finding.topic().replace('_', ' '),
              finding.verdict().replace('_', ' '),
              finding.text(),
              finding.source()));
    }
    String command = advice.recommendation().command();
    text.append("recommended: ").append(advice.recommendation().reason());
    if (!command.isEmpty()) {
      text.append(System.lineSeparator()).append("  ").append(command);
    }
    return text.toString();
  }
}

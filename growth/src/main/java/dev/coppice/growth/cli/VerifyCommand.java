package dev.coppice.growth.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.GrowthProbe;
import dev.coppice.growth.GrowthVerifier;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.cli.ExitCode;
import dev.coppice.moe.cli.OutputOptions;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice verify}: is the output what its lineage says. */
@Command(
    name = "verify",
    description = {
      "Derives a grown checkpoint again from its source and compares every byte.",
      "Ends with code 4 if a byte deviates, or if DST is too damaged to be opened."
    })
final class VerifyCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "SRC", description = "Folder of the source checkpoint.")
  private Path source;

  @Parameters(index = "1", paramLabel = "DST", description = "Folder of the grown checkpoint.")
  private Path grown;

  @Option(
      names = "--probe",
      description =
          "Also computes logits of random tokens with both models, if the family runs,"
              + " and compares them with the promise of the growth.")
  private boolean probe;

  @Option(
      names = "--prompts",
      paramLabel = "N",
      defaultValue = "4",
      description = "Number of sequences of up to 16 tokens, with --probe (default: 4).")
  private int prompts;

  @Mixin private FamilyOptions family;

  @Mixin private OutputOptions output;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    new GivenOptions(spec).need(List.of("--prompts"), probe, "--probe");
    try (Checkpoint from = Checkpoint.open(source, family.families())) {
      return verify(from);
    }
  }

  private int verify(Checkpoint from) throws IOException {
    try (Checkpoint to = Checkpoint.open(grown, family.families())) {
      ImmutableList<String> deviations = deviations(from, to);
      ObjectNode json = json(deviations);
      json.put("tensors", to.tensors().size());
      json.put("bytes", to.byteSize());
      String text = text(to, deviations);
      boolean broken = false;
      if (probe) {
        GrowthProbe probed = GrowthProbe.run(from, to, prompts);
        json.set("probe", ProbeText.json(probed));
        text = text + System.lineSeparator() + ProbeText.of(probed);
        broken = probed.broken();
      }
      output.print(spec.commandLine().getOut(), json, text);
      boolean held = deviations.isEmpty() && !broken;
      return (held ? ExitCode.OK : ExitCode.INTEGRITY).number();
    } catch (CheckpointFormatException e) {
      if (!Files.isDirectory(grown)) {
        throw e;
      }
      // it was a checkpoint once: what is there is not what was written
      ImmutableList<String> problems = FolderDamage.problems(grown, e);
      output.print(
          spec.commandLine().getOut(),
          json(problems),
          String.join(System.lineSeparator(), problems));
      return ExitCode.INTEGRITY.number();
    }
  }

  private ImmutableList<String> deviations(Checkpoint from, Checkpoint to) throws IOException {
    try (ByteProgress progress = new ByteProgress("verify", output.quiet())) {
      return GrowthVerifier.deviations(from, to, progress);
    }
  }

  private static ObjectNode json(ImmutableList<String> deviations) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("verified", deviations.isEmpty());
    ArrayNode array = json.putArray("deviations");
    deviations.forEach(array::add);
    return json;
  }

  private static String text(Checkpoint grown, ImmutableList<String> deviations) {
    if (deviations.isEmpty()) {
      return String.format(
          java.util.Locale.ROOT,
          "verified: %d tensors, %s, every bit as planned",
          grown.tensors().size(),
          ReportText.bytes(grown.byteSize()));
    }
    return String.join(System.lineSeparator(), deviations);
  }
}

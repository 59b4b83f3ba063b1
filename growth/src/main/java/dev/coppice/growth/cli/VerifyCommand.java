package dev.coppice.growth.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.GrowthVerifier;
import dev.coppice.moe.ExitCode;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.cli.OutputOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice verify}: is the output what its lineage says. */
@Command(
    name = "verify",
    description = {
      "Derives a grown checkpoint again from its source and compares every byte.",
      "Ends with 4 if anything deviates."
    })
final class VerifyCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "SRC", description = "Folder it was grown from.")
  private Path source;

  @Parameters(index = "1", paramLabel = "DST", description = "Folder of the grown checkpoint.")
  private Path grown;

  @Mixin private OutputOptions output;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    try (Checkpoint from = Checkpoint.open(source);
        Checkpoint to = Checkpoint.open(grown);
        ByteProgress progress = new ByteProgress("verify", output.quiet())) {
      ImmutableList<String> deviations = GrowthVerifier.deviations(from, to, progress);
      ObjectNode json = JsonNodeFactory.instance.objectNode();
      json.put("verified", deviations.isEmpty());
      json.put("tensors", to.tensors().size());
      json.put("bytes", to.byteSize());
      ArrayNode array = json.putArray("deviations");
      deviations.forEach(array::add);
      output.print(spec.commandLine().getOut(), json, text(to, deviations));
      return (deviations.isEmpty() ? ExitCode.OK : ExitCode.INTEGRITY).number();
    }
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

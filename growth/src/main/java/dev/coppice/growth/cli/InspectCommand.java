package dev.coppice.growth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.growth.GrowthReport.Side;
import dev.coppice.growth.NormProfile;
import dev.coppice.moe.ExitCode;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CoppiceRecord;
import dev.coppice.moe.checkpoint.Lineage;
import dev.coppice.moe.cli.OutputOptions;
import java.io.IOException;
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

/** {@code coppice inspect}: what a checkpoint is, what it has cost, where it comes from. */
@Command(
    name = "inspect",
    description = "Shows family, counts, FLOPs, compute ledger and lineage of a checkpoint.")
final class InspectCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "CKPT", description = "Folder of the checkpoint.")
  private Path folder;

  @Option(names = "--norms", description = "Read all weights for the norm profile of the layers.")
  private boolean norms;

  @Mixin private OutputOptions output;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        ByteProgress progress = new ByteProgress("norms", output.quiet())) {
      Side side = Side.of(checkpoint);
      Optional<NormProfile> profile =
          norms ? Optional.of(NormProfile.of(checkpoint, progress)) : Optional.empty();
      ObjectNode json = JsonNodeFactory.instance.objectNode();
      CheckpointJson.put(json, side);
      checkpoint.record().ifPresent(record -> putRecord(json, record));
      profile.ifPresent(
          norm -> {
            ArrayNode array = json.putArray("norms");
            norm.layers().forEach(array::add);
          });
      output.print(spec.commandLine().getOut(), json, text(json));
    }
    return ExitCode.OK.number();
  }

  private static void putRecord(ObjectNode json, CoppiceRecord record) {
    json.set("ledger", record.toJson().path("ledger"));
    record
        .lineage()
        .map(Lineage::json)
        .ifPresent(
            lineage -> {
              ObjectNode summary = json.putObject("lineage");
              for (String key : new String[] {"kind", "operators", "seed", "source"}) {
                summary.set(key, lineage.path(key));
              }
            });
  }

  private static String text(ObjectNode json) {
    StringBuilder text = new StringBuilder();
    for (var entry : json.properties()) {
      JsonNode value = entry.getValue();
      if (entry.getKey().equals("norms")) {
        appendNorms(text, value);
      } else {
        String shown =
            value.isIntegralNumber()
                ? String.format(Locale.ROOT, "%,d", value.bigIntegerValue())
                : value.isTextual() ? value.textValue() : value.toString();
        text.append(String.format(Locale.ROOT, "%-18s %s%n", entry.getKey(), shown));
      }
    }
    return text.toString().stripTrailing();
  }

  private static void appendNorms(StringBuilder text, JsonNode norms) {
    for (int layer = 0; layer < norms.size(); layer++) {
      text.append(
          String.format(
              Locale.ROOT,
              "%-18s %.6f%n",
              "norm of layer " + layer,
              norms.get(layer).doubleValue()));
    }
  }
}

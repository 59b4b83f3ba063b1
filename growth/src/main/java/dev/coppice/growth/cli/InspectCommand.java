package dev.coppice.growth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.growth.GrowthReport.Side;
import dev.coppice.growth.moment.TrainingState;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CoppiceRecord;
import dev.coppice.moe.checkpoint.Lineage;
import dev.coppice.moe.cli.ExitCode;
import dev.coppice.moe.cli.OutputOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice inspect}: what a checkpoint is, what it has cost, where it comes from. */
@Command(
    name = "inspect",
    description = "Shows family, counts, FLOPs, compute ledger and lineage of a checkpoint.")
final class InspectCommand implements Callable<Integer> {
  private static final String WARNINGS = "warnings";

  @Parameters(index = "0", paramLabel = "CKPT", description = "Folder of the checkpoint.")
  private Path folder;

  @Mixin private NormOptions norms;

  @Mixin private FamilyOptions family;

  @Mixin private OutputOptions output;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    norms.check(new GivenOptions(spec));
    try (Checkpoint checkpoint = Checkpoint.open(folder, family.families())) {
      Side side = Side.of(checkpoint);
      ObjectNode json = JsonNodeFactory.instance.objectNode();
      CheckpointJson.put(json, side);
      checkpoint.record().ifPresent(record -> putRecord(json, record));
      putState(json, folder);
      ArrayNode warnings = json.putArray(WARNINGS);
      checkpoint.anatomy().counts().gap().ifPresent(warnings::add);
      checkpoint.anatomy().warnings().forEach(warnings::add);
      String table = "";
      if (norms.asked()) {
        table = norms.put(checkpoint, json, family.families(), output.quiet());
      }
      String ledger = checkpoint.record().map(CoppiceRecord::ledger).map(LedgerText::of).orElse("");
      output.print(spec.commandLine().getOut(), json, text(json, ledger) + table);
    }
    return ExitCode.OK.number();
  }

  /** The optimizer's state; a damaged one is said to be so, and hides nothing else. */
  private static void putState(ObjectNode json, Path folder) throws IOException {
    if (!TrainingState.isIn(folder)) {
      return;
    }
    ObjectNode summary = json.putObject("training_state");
    try (TrainingState state = TrainingState.open(folder)) {
      summary.put("steps", state.steps()).put("bytes", state.byteSize());
    } catch (CoppiceException e) {
      summary.put("damage", e.getMessage());
    }
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

  private static String text(ObjectNode json, String ledger) {
    StringBuilder text = new StringBuilder();
    for (var entry : json.properties()) {
      JsonNode value = entry.getValue();
      if (entry.getKey().equals("ledger")) {
        text.append(ledger);
      } else if (entry.getKey().equals(WARNINGS)) {
        value.forEach(w -> text.append(String.format("warning: %s%n", w.textValue())));
      } else if (!NormOptions.KEYS.contains(entry.getKey())) {
        String absent = entry.getKey().startsWith("mtp") ? "not said" : "packed, not counted";
        String shown =
            value.isIntegralNumber()
                ? String.format(Locale.ROOT, "%,d", value.bigIntegerValue())
                : value.isTextual()
                    ? value.textValue()
                    : value.isNull() ? absent : value.toString();
        text.append(String.format(Locale.ROOT, "%-21s %s%n", entry.getKey(), shown));
      }
    }
    return text.toString().stripTrailing();
  }
}

package dev.coppice.train.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.report.Quantity;
import dev.coppice.train.TrainJson;
import dev.coppice.train.budget.Spent;
import dev.coppice.train.data.DataRecord;
import dev.coppice.train.data.heldout.HeldOut;
import dev.coppice.train.run.TrainResult;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** The text of {@code coppice train} before and after a run. */
final class TrainText {
  private TrainText() {}

  /** The budget in all units. */
  static String forecast(Spent whole) {
    return String.format(
        Locale.ROOT,
        "budget: %d steps, %s tokens, %.3g FLOPs (%.3g with attention%s)",
        whole.steps(),
        Quantity.si(whole.tokens()),
        whole.totalFlops().doubleValue(),
        whole.totalFlopsWithAttention().doubleValue(),
        whole.teacherFlops().signum() == 0
            ? ""
            : String.format(Locale.ROOT, "; teacher %.3g", whole.teacherFlops().doubleValue()));
  }

  /** A result for programs. */
  static ObjectNode json(TrainResult result, Path run, Optional<DataRecord> data) {
    ObjectNode json = TrainJson.mapper().createObjectNode();
    json.put("checkpoint", result.checkpoint().toString());
    result.averaged().ifPresent(path -> json.put("averaged", path.toString()));
    json.put("finished", result.finished());
    json.put("steps", result.steps());
    json.put("skipped_steps", result.skippedSteps());
    json.put("tokens", result.tokens());
    json.put("extra_flops", result.extraFlops());
    json.put("extra_flops_with_attention", result.extraFlopsWithAttention());
    json.put("seconds", result.seconds());
    json.put("metrics", result.lossCurve().toString());
    if (!result.heldOut().isEmpty()) {
      json.putPOJO("held_out_scores", result.heldOut());
    }
    HeldOut.in(run).ifPresent(path -> json.put("held_out", path.toString()));
    data.ifPresent(read -> json.putPOJO("data_read", read));
    return json;
  }

  /** A result for people. */
  static String of(TrainResult result) {
    return String.format(
        Locale.ROOT,
        "%s after %d steps: %d tokens, %.4g extra FLOPs, %.0f tokens/s%s%n%s%s",
        result.finished() ? "Finished" : "Stopped and saved",
        result.steps(),
        result.tokens(),
        result.extraFlops().doubleValue(),
        result.tokens() / Math.max(1e-9, result.seconds()),
        heldOut(result),
        result.checkpoint(),
        result.averaged().map(path -> System.lineSeparator() + path).orElse(""));
  }

  private static String heldOut(TrainResult result) {
    StringBuilder text = new StringBuilder();
    result
        .heldOut()
        .forEach(
            (name, value) -> {
              if (name.equals("loss") || name.startsWith("loss/")) {
                String source = name.equals("loss") ? "" : " of " + name.substring(5);
                text.append(String.format(Locale.ROOT, "%nheld-out loss%s %.4f", source, value));
              }
            });
    return text.toString();
  }
}

package dev.coppice.train.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.TrainJson;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.run.TrainingRun;
import dev.coppice.train.spec.TrainSpec;
import dev.coppice.train.store.RunManifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Whether the options of a resume are those of its run. */
final class SameOptions {
  /** Options whose names are not those of the fields. */
  private static final ImmutableMap<String, String> NAMES =
      ImmutableMap.<String, String>builder()
          .put("batch.sequences", "batch")
          .put("initial_weights", "from-scratch")
          .put("initial_moments", "optimizer-state")
          .put("optimizer.epsilon", "epsilon")
          .put("optimizer.max_gradient_norm", "clip")
          .put("schedule.kind", "schedule")
          .put("loss.z", "z-loss")
          .put("save.every_steps", "save-every")
          .put("save.every_minutes", "save-minutes")
          .put("save.asynchronous", "save-async")
          .put("evaluation.every_steps", "eval-every")
          .put("evaluation.windows", "eval-windows")
          .put("guard.policy", "on-spike")
          .put("guard.threshold", "spike-threshold")
          .put("guard.window", "spike-window")
          .put("guard.skip_batches", "rollback-skip")
          .put("optimizer.max_skips_in_a_row", "max-skips")
          .put("rates.new_experts", "new-experts-rate")
          .put("rates.new_layers", "new-layers-rate")
          .put("rates.routers", "router-rate")
          .put("rates.frozen", "freeze")
          .put("rates.old_frozen", "freeze")
          .put("rates.undecayed", "no-decay")
          .put("teacher.checkpoint", "teacher")
          .buildOrThrow();

  private SameOptions() {}

  /**
   * Checks that nothing was given that is not the run's.
   *
   * @param run that is resumed
   * @param given how it would train with the options given
   * @param budget that was given, if one was
   * @throws CoppiceException naming the first option that differs, with both values
   */
  static void check(TrainingRun run, TrainSpec given, Optional<Budget> budget) {
    Map<String, String> ours = leaves(TrainJson.mapper().valueToTree(run.spec()));
    Map<String, String> theirs = leaves(TrainJson.mapper().valueToTree(given));
    theirs.forEach(
        (path, value) -> {
          String before = ours.getOrDefault(path, "none");
          if (!before.equals(value)) {
            throw differs(name(path), before, value);
          }
        });
    budget
        .filter(other -> !other.equals(run.budget()))
        .ifPresent(
            other -> {
              throw differs("the budget", said(run.budget()), said(other));
            });
  }

  /**
   * Checks that a checkpoint which is given again is the one that the run started from.
   *
   * @param run that is resumed
   * @param given the checkpoint's folder
   * @throws CoppiceException naming both, if they are two
   */
  static void checkSource(RunManifest run, Path given) throws IOException {
    Path before = Path.of(run.checkpoint());
    Path now = given.toAbsolutePath().normalize();
    boolean same =
        before.equals(now)
            || (Files.exists(before) && Files.exists(now) && Files.isSameFile(before, now));
    if (!same) {
      throw differs("CKPT", before.toString(), now.toString());
    }
  }

  /** An option with another value than the run's. */
  static CoppiceException differs(String option, String before, String now) {
    return new CoppiceException(
        ErrorKind.REQUEST_INVALID,
        "options must be those of the run or left out, got "
            + option
            + " "
            + now
            + " where the run has "
            + before);
  }

  private static String said(Budget budget) {
    JsonNode json = TrainJson.mapper().valueToTree(budget);
    return json.path("amount").asText() + " " + json.path("unit").asText();
  }

  private static String name(String path) {
    String last = path.substring(path.lastIndexOf('.') + 1);
    return "--" + NAMES.getOrDefault(path, last).replace('_', '-');
  }

  private static Map<String, String> leaves(JsonNode tree) {
    Map<String, String> leaves = new LinkedHashMap<>();
    gather("", tree, leaves);
    return leaves;
  }

  private static void gather(String path, JsonNode node, Map<String, String> into) {
    if (!node.isObject()) {
      into.put(
          path, node.isTextual() ? node.textValue().toLowerCase(Locale.ROOT) : node.toString());
      return;
    }
    Iterator<String> fields = node.fieldNames();
    while (fields.hasNext()) {
      String field = fields.next();
      gather(path.isEmpty() ? field : path + "." + field, node.path(field), into);
    }
  }
}

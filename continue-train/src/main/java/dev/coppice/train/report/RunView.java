package dev.coppice.train.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.io.Folders;
import dev.coppice.train.TrainJson;
import dev.coppice.train.metrics.EventLog;
import dev.coppice.train.metrics.RunEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Facts about one run, in any state.
 *
 * @param name of its folder
 * @param manifest its {@code run.json}
 * @param events in their order
 * @param curves of its steps
 * @param ledger of its newest checkpoint, as JSON; none before the first
 */
record RunView(
    String name,
    JsonNode manifest,
    ImmutableList<RunEvent> events,
    RunCurves curves,
    Optional<JsonNode> ledger) {
  private static final Pattern STEP = Pattern.compile("step-\\d{8,18}");

  /**
   * Reads a run's folder; holds nothing of it afterwards, and takes no lock.
   *
   * @throws CoppiceException when it is no run's folder, or a file in it is damaged
   */
  static RunView read(Path folder) throws IOException {
    Path manifest = folder.resolve("run.json");
    if (!Files.isRegularFile(manifest)) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID, "run folder must hold run.json, got " + folder);
    }
    ImmutableList<RunEvent> events = EventLog.read(folder.resolve("events.jsonl"));
    return new RunView(
        Folders.name(folder),
        tree(manifest),
        events,
        RunCurves.read(folder.resolve("metrics.jsonl"), events),
        ledger(folder));
  }

  private static JsonNode tree(Path file) throws IOException {
    try {
      return TrainJson.mapper().readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID, "file must be JSON, got another (" + file + ")", e);
    }
  }

  private static Optional<JsonNode> ledger(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      Optional<Path> newest =
          entries
              .filter(entry -> STEP.matcher(Folders.name(entry)).matches())
              .map(step -> step.resolve("coppice.json"))
              .filter(Files::isRegularFile)
              .max(Comparator.comparingLong(RunView::number));
      return newest.isPresent() ? Optional.of(tree(newest.get()).path("ledger")) : Optional.empty();
    }
  }

  private static long number(Path record) {
    return Long.parseLong(Folders.name(Folders.parent(record)).substring("step-".length()));
  }

  /** How the run ended, by its events. */
  String state() {
    String state = "unfinished";
    for (RunEvent event : events) {
      state =
          switch (event.kind()) {
            case RunEvent.FINISHED -> "finished";
            case RunEvent.STOPPED -> "stopped";
            case RunEvent.RESUMED -> "unfinished";
            default -> state;
          };
    }
    return state;
  }

  /** Whether a step was taken. */
  boolean hasSteps() {
    return curves.last().step() > 0;
  }

  /** The same under another name. */
  RunView named(String other) {
    return new RunView(other, manifest, events, curves, ledger);
  }
}

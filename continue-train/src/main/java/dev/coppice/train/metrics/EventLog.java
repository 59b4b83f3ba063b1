package dev.coppice.train.metrics;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSortedMap;
import dev.coppice.moe.CoppiceException;
import dev.coppice.train.TrainJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The file {@code events.jsonl}: one {@link RunEvent} a line, in the order in which they happened.
 *
 * <p>Not thread-safe.
 */
public final class EventLog implements MetricsSink {
  private static final ObjectWriter WRITER =
      TrainJson.mapper().writer().without(SerializationFeature.INDENT_OUTPUT);

  private final LineFile file;

  private EventLog(LineFile file) {
    this.file = file;
  }

  /**
   * Opens a log to continue after a step: all after the last event up to that step is cut off, and
   * what a kill left unfinished. So an event before a roll-back stays, unless the run continues
   * from before it.
   *
   * @param file made if it is not there
   * @param lastStep last step to keep; 0 keeps what came before the first step
   * @throws CoppiceException when a line is no event
   * @throws IOException when it cannot be read or written
   */
  public static EventLog openAfter(Path file, long lastStep) throws IOException {
    long[] keep = {0};
    if (Files.exists(file)) {
      LineFile.visit(
          file,
          (line, end) -> {
            if (LineFile.parse(line, file).path("step").longValue() <= lastStep) {
              keep[0] = end;
            }
            return true;
          });
    }
    return new EventLog(LineFile.openAt(file, keep[0]));
  }

  /**
   * Reads what happened.
   *
   * @param file an event log; none at all reads as no events
   * @throws CoppiceException when a line is no event
   * @throws IOException when it cannot be read
   */
  public static ImmutableList<RunEvent> read(Path file) throws IOException {
    ImmutableList.Builder<RunEvent> events = ImmutableList.builder();
    if (Files.exists(file)) {
      LineFile.visit(
          file,
          (line, end) -> {
            events.add(parse(line, file));
            return true;
          });
    }
    return events.build();
  }

  private static RunEvent parse(String line, Path file) {
    JsonNode tree = LineFile.parse(line, file);
    ImmutableSortedMap.Builder<String, Double> values = ImmutableSortedMap.naturalOrder();
    tree.path("values")
        .properties()
        .forEach(v -> values.put(v.getKey(), v.getValue().asDouble(Double.NaN)));
    try {
      return new RunEvent(
          tree.path("step").longValue(),
          tree.path("kind").asText(),
          tree.path("message").asText(),
          values.buildOrThrow());
    } catch (IllegalArgumentException e) {
      throw LineFile.malformed(line, file, e);
    }
  }

  private static String text(RunEvent event) throws JsonProcessingException {
    ObjectNode tree = TrainJson.mapper().createObjectNode();
    tree.put("step", event.step());
    tree.put("kind", event.kind());
    tree.put("message", event.message());
    ObjectNode values = tree.putObject("values");
    event.values().forEach((name, value) -> values.put(name, MetricsLine.finite(value)));
    return WRITER.writeValueAsString(tree);
  }

  @Override
  public void step(MetricsLine line) {
    // steps have a log of their own
  }

  @Override
  public void event(RunEvent event) throws IOException {
    file.append(text(event));
  }

  @Override
  public void force() throws IOException {
    file.force();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}

package dev.coppice.train.metrics;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.TrainJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * The file {@code metrics.jsonl}: one {@link MetricsLine} a line, in the order of steps.
 *
 * <p>A line is handed to the system at once; {@link #force} brings all to disk. Not thread-safe.
 */
public final class MetricsLog implements MetricsSink {
  private static final ObjectWriter WRITER =
      TrainJson.mapper().writerFor(MetricsLine.class).without(SerializationFeature.INDENT_OUTPUT);
  private static final ObjectReader READER = TrainJson.mapper().readerFor(MetricsLine.class);

  private final Path path;
  private final LineFile file;

  private MetricsLog(Path path, LineFile file) {
    this.path = path;
    this.file = file;
  }

  /**
   * Opens a log to continue after a step: later lines, and what a kill left unfinished, are cut
   * off.
   *
   * @param file made if it is not there
   * @param lastStep last step to keep; 0 for none
   * @throws CoppiceException when the file lacks a line up to that step
   * @throws IOException when it cannot be read or written
   */
  public static MetricsLog openAfter(Path file, long lastStep) throws IOException {
    return new MetricsLog(file, LineFile.openAt(file, lengthUpTo(file, lastStep)));
  }

  /** Bytes of the lines up to a step. */
  private static long lengthUpTo(Path file, long lastStep) throws IOException {
    if (lastStep == 0) {
      return 0;
    }
    long[] found = {0, 0};
    if (Files.exists(file)) {
      LineFile.visit(
          file,
          (line, end) -> {
            found[0] = LineFile.parse(line, file).path("step").longValue();
            found[1] = end;
            return found[0] < lastStep;
          });
    }
    if (found[0] != lastStep) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          "metrics must reach step " + lastStep + ", got fewer lines (" + file + ")");
    }
    return found[1];
  }

  /**
   * Reads a curve.
   *
   * @param file a metrics log; an unfinished last line is left out
   * @throws CoppiceException when a line is not one of metrics
   * @throws IOException when it cannot be read
   */
  public static ImmutableList<MetricsLine> read(Path file) throws IOException {
    ImmutableList.Builder<MetricsLine> lines = ImmutableList.builder();
    LineFile.visit(
        file,
        (line, end) -> {
          lines.add(parse(line, file));
          return true;
        });
    return lines.build();
  }

  /**
   * Visits a curve line by line as JSON, which also reads curves of older and newer versions.
   *
   * @param file a metrics log; an unfinished last line is left out
   * @param visitor takes each line; its {@code step} is a whole number
   * @throws CoppiceException when a line is not one of metrics
   * @throws IOException when it cannot be read
   */
  public static void visit(Path file, Consumer<JsonNode> visitor) throws IOException {
    LineFile.visit(
        file,
        (line, end) -> {
          visitor.accept(LineFile.parse(line, file));
          return true;
        });
  }

  private static MetricsLine parse(String line, Path file) throws IOException {
    try {
      return READER.readValue(line);
    } catch (JsonProcessingException e) {
      throw LineFile.malformed(line, file, e);
    }
  }

  /**
   * Appends a line.
   *
   * @param line of the next step
   * @throws IOException when the disk refuses
   */
  public void append(MetricsLine line) throws IOException {
    file.append(WRITER.writeValueAsString(line));
  }

  @Override
  public void step(MetricsLine line) throws IOException {
    append(line);
  }

  @Override
  public void event(RunEvent event) {
    // events have a log of their own
  }

  /**
   * Brings all lines to disk.
   *
   * @throws IOException when the disk refuses
   */
  @Override
  public void force() throws IOException {
    file.force();
  }

  @Override
  public void rewind(long step) throws IOException {
    file.cut(lengthUpTo(path, step));
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}

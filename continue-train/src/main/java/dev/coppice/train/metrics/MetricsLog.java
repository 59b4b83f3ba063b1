package dev.coppice.train.metrics;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.train.TrainJson;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * The file {@code metrics.jsonl}: one {@link MetricsLine} a line, in the order of steps.
 *
 * <p>A line is handed to the system at once; {@link #force} brings all to disk. Not thread-safe.
 */
public final class MetricsLog implements Closeable {
  private static final ObjectWriter WRITER =
      TrainJson.mapper().writerFor(MetricsLine.class).without(SerializationFeature.INDENT_OUTPUT);
  private static final ObjectReader READER = TrainJson.mapper().readerFor(MetricsLine.class);

  private final FileChannel channel;

  private MetricsLog(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Opens a log to go on after a step: later lines, and what a kill left unfinished, are cut off.
   *
   * @param file made if it is not there
   * @param lastStep last step to keep; 0 for none
   * @throws CoppiceException when the file lacks a line up to that step
   * @throws IOException when it cannot be read or written
   */
  public static MetricsLog openAfter(Path file, long lastStep) throws IOException {
    long keep = Files.exists(file) ? lengthUpTo(file, lastStep) : 0;
    if (keep < 0 || (keep == 0 && lastStep > 0)) {
      throw new CoppiceException(
          ExitCode.INPUT_INVALID,
          "metrics must reach step " + lastStep + ", got fewer lines (" + file + ")");
    }
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    channel.truncate(keep);
    channel.position(keep);
    return new MetricsLog(channel);
  }

  /** Bytes of the lines up to a step; -1 when it is not reached. */
  private static long lengthUpTo(Path file, long lastStep) throws IOException {
    long bytes = 0;
    long step = 0;
    for (String line : wholeLines(file)) {
      if (step == lastStep) {
        break;
      }
      step = parse(line, file).step();
      bytes += line.getBytes(StandardCharsets.UTF_8).length + 1;
    }
    return step == lastStep ? bytes : -1;
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
    for (String line : wholeLines(file)) {
      lines.add(parse(line, file));
    }
    return lines.build();
  }

  private static List<String> wholeLines(Path file) throws IOException {
    String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
  }

  private static MetricsLine parse(String line, Path file) throws IOException {
    try {
      return READER.readValue(line);
    } catch (JsonProcessingException e) {
      throw new CoppiceException(
          ExitCode.INPUT_INVALID, "metrics must be JSON lines, got " + line + " (" + file + ")", e);
    }
  }

  /**
   * Appends a line.
   *
   * @param line of the next step
   * @throws IOException when the disk refuses
   */
  public void append(MetricsLine line) throws IOException {
    byte[] bytes = (WRITER.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8);
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  /**
   * Brings all lines to disk.
   *
   * @throws IOException when the disk refuses
   */
  public void force() throws IOException {
    channel.force(true);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}

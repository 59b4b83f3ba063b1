package dev.coppice.train.metrics;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.io.DurableFiles;
import dev.coppice.train.TrainJson;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * A file of JSON lines that grows at its end; a line is written whole or not at all.
 *
 * <p>Lines stay in memory until they are forced, about a MiB at most. When the disk refuses to, the
 * system may drop what it did not write and take the next force for a good one, so the lines are
 * then written again before it.
 */
final class LineFile implements Closeable {
  /** Bytes in memory from which on a line is not taken before the others are forced. */
  private static final int MOST_UNFORCED = 1 << 20;

  private final FileChannel channel;
  private final Forcing forcing;
  private final ByteArrayOutputStream unforced = new ByteArrayOutputStream();
  private long forced;
  private boolean doubtful;

  private LineFile(FileChannel channel, Forcing forcing) {
    this.channel = channel;
    this.forcing = forcing;
  }

  /** Brings what was written to disk. */
  @FunctionalInterface
  interface Forcing {
    /** Does it. */
    void force(FileChannel channel) throws IOException;
  }

  /** Opens a file to continue after so many bytes; made if it is not there. */
  static LineFile openAt(Path file, long bytes) throws IOException {
    return openAt(file, bytes, channel -> channel.force(true));
  }

  /** Opens it with another way to bring it to disk. */
  static LineFile openAt(Path file, long bytes, Forcing forcing) throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    LineFile lines = new LineFile(channel, forcing);
    lines.forced = bytes;
    lines.cut(bytes);
    return lines;
  }

  void cut(long bytes) throws IOException {
    channel.truncate(bytes);
    byte[] kept = unforced.toByteArray();
    unforced.reset();
    unforced.write(kept, 0, (int) Math.max(0, Math.min(kept.length, bytes - forced)));
    forced = Math.min(forced, bytes);
  }

  void append(String line) throws IOException {
    if (unforced.size() >= MOST_UNFORCED) {
      force();
    }
    long end = forced + unforced.size();
    byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
    try {
      DurableFiles.writeAt(channel, ByteBuffer.wrap(bytes), end);
    } catch (IOException e) {
      cut(end);
      throw e;
    }
    unforced.writeBytes(bytes);
  }

  /**
   * Brings all lines to disk.
   *
   * @throws IOException when the disk refuses; the lines are then written again by the next call
   */
  void force() throws IOException {
    if (doubtful) {
      DurableFiles.writeAt(channel, ByteBuffer.wrap(unforced.toByteArray()), forced);
    }
    doubtful = true;
    forcing.force(channel);
    doubtful = false;
    forced += unforced.size();
    unforced.reset();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** Visits the whole lines of a file in order; a torn last one is left out. */
  static void visit(Path file, Visitor visitor) throws IOException {
    visitFrom(file, 0, visitor);
  }

  /** Visits those from a place on, where a line begins. */
  static void visitFrom(Path file, long start, Visitor visitor) throws IOException {
    try (InputStream raw = Files.newInputStream(file);
        InputStream in = new BufferedInputStream(raw, 1 << 16)) {
      ByteArrayOutputStream line = new ByteArrayOutputStream(512);
      in.skipNBytes(start);
      long end = start;
      for (int c = in.read(); c >= 0; c = in.read()) {
        end++;
        if (c != '\n') {
          line.write(c);
        } else if (visitor.line(line.toString(StandardCharsets.UTF_8), end)) {
          line.reset();
        } else {
          return;
        }
      }
    }
  }

  /** Reads a line of which the step at least must be there. */
  static JsonNode parse(String line, Path file) {
    try {
      JsonNode tree = TrainJson.mapper().readTree(line);
      if (tree.path("step").isIntegralNumber()) {
        return tree;
      }
    } catch (JsonProcessingException e) {
      throw malformed(line, file, e);
    }
    throw malformed(line, file, null);
  }

  static CoppiceException malformed(String line, Path file, @Nullable Exception cause) {
    String message = "metrics must be JSON lines, got " + line + " (" + file + ")";
    return cause == null
        ? new CoppiceException(ErrorKind.INPUT_INVALID, message)
        : new CoppiceException(ErrorKind.INPUT_INVALID, message, cause);
  }

  /** Sees a line. */
  interface Visitor {
    /**
     * Sees a line.
     *
     * @param text without its newline
     * @param end bytes of the file up to and with that newline
     * @return whether to continue
     */
    boolean line(String text, long end) throws IOException;
  }
}

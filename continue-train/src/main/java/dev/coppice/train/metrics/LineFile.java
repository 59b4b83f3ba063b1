package dev.coppice.train.metrics;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
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

/** A file of JSON lines that grows at its end; a line is written whole or not at all. */
final class LineFile implements Closeable {
  private final FileChannel channel;

  private LineFile(FileChannel channel) {
    this.channel = channel;
  }

  /** Opens a file to go on after so many bytes; made if it is not there. */
  static LineFile openAt(Path file, long bytes) throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    LineFile lines = new LineFile(channel);
    lines.cut(bytes);
    return lines;
  }

  void cut(long bytes) throws IOException {
    channel.truncate(bytes);
    channel.position(bytes);
  }

  void append(String line) throws IOException {
    long end = channel.position();
    ByteBuffer buffer = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
    try {
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    } catch (IOException e) {
      cut(end);
      throw e;
    }
  }

  void force() throws IOException {
    channel.force(true);
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
        ? new CoppiceException(ExitCode.INPUT_INVALID, message)
        : new CoppiceException(ExitCode.INPUT_INVALID, message, cause);
  }

  /** Sees a line. */
  interface Visitor {
    /**
     * Sees a line.
     *
     * @param text without its newline
     * @param end bytes of the file up to and with that newline
     * @return whether to go on
     */
    boolean line(String text, long end) throws IOException;
  }
}

package dev.coppice.train.data.text;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Optional;

/** Lines of a stream, without what ends them; memory holds the longest. */
final class LineReader {
  private final InputStream in;
  private final int longest;
  private byte[] buffer = new byte[1 << 16];
  private int from;
  private int to;

  /**
   * A reader.
   *
   * @param in not closed
   * @param longest bytes that a line may have, fewer than an array may
   */
  LineReader(InputStream in, int longest) {
    this.in = in;
    this.longest = longest;
  }

  /** A line has more bytes than it may. */
  static final class LongLineException extends IOException {
    private static final long serialVersionUID = 1;
  }

  /**
   * The next line.
   *
   * @throws LongLineException when it is too long
   */
  Optional<byte[]> next() throws IOException {
    int searched = from;
    while (true) {
      for (int at = searched; at < to; at++) {
        if (buffer[at] == '\n') {
          return Optional.of(take(at, at + 1));
        }
      }
      checkLength(to);
      searched = to - from;
      if (!fill()) {
        return from == to ? Optional.empty() : Optional.of(take(to, to));
      }
    }
  }

  private void checkLength(int end) throws LongLineException {
    if (end - from > longest) {
      throw new LongLineException();
    }
  }

  private byte[] take(int end, int next) throws LongLineException {
    checkLength(end);
    byte[] line = Arrays.copyOfRange(buffer, from, end);
    from = next;
    return line;
  }

  /** Moves what is left to the front and reads on; false at the end. */
  private boolean fill() throws IOException {
    System.arraycopy(buffer, from, buffer, 0, to - from);
    to -= from;
    from = 0;
    if (to == buffer.length) {
      buffer = Arrays.copyOf(buffer, (int) Math.min(2L * buffer.length, longest + 1L));
    }
    int read = in.read(buffer, to, buffer.length - to);
    to += Math.max(0, read);
    return read >= 0;
  }
}

package dev.coppice.train.data;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * Tells text from other bytes: text is well-formed UTF-8, is not empty and has no NUL.
 *
 * @param bytes length of the text
 * @param sha256 of the text, 64 hexadecimal digits
 */
record TextProbe(long bytes, String sha256) {
  private static final int BUFFER = 1 << 16;

  /**
   * Reads a stream, until its end or until it proves not to be text; it stays open. A leading mark
   * of UTF-8 is no part of the text.
   */
  static Optional<TextProbe> of(InputStream in) throws IOException {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    Hasher hasher = Hashing.sha256().newHasher();
    InputStream text = withoutBom(in);
    ByteBuffer bytes = ByteBuffer.allocate(BUFFER);
    CharBuffer chars = CharBuffer.allocate(BUFFER);
    long total = 0;
    int read;
    do {
      read = text.readNBytes(bytes.array(), bytes.position(), bytes.remaining());
      hasher.putBytes(bytes.array(), bytes.position(), read);
      total += read;
      bytes.limit(bytes.position() + read).position(0);
      if (!isText(decoder, bytes, chars, read == 0)) {
        return Optional.empty();
      }
      bytes.compact();
    } while (read > 0);
    return total == 0
        ? Optional.empty()
        : Optional.of(new TextProbe(total, hasher.hash().toString()));
  }

  /**
   * A text, or why there is none.
   *
   * @param probe of the text
   * @param fault why it is none
   */
  record Result(Optional<TextProbe> probe, String fault) {}

  /** Reads an item through; damage of what is packed is an error, other bytes are not. */
  static Result read(InputStream stored, DataItem item) throws IOException {
    Watch watch = new Watch(Unpacked.of(stored, item::place));
    Optional<TextProbe> probe = of(watch);
    return new Result(probe, probe.isPresent() ? "" : watch.fault());
  }

  /** Keeps the bytes that were read last, among which the fault is. */
  private static final class Watch extends FilterInputStream {
    private byte[] last = new byte[0];
    private long count;

    Watch(InputStream in) {
      super(in);
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int read = super.read(bytes, offset, length);
      if (read > 0) {
        last = Arrays.copyOfRange(bytes, offset, offset + read);
        count += read;
      }
      return read;
    }

    String fault() {
      return count <= 3 && FileNature.withoutBom(last).length == 0
          ? "empty"
          : FileNature.textFault(last)
              .orElse("not UTF-8 throughout, up to byte " + count + ": convert it to UTF-8");
    }
  }

  /** A stream without a leading mark of UTF-8. */
  static InputStream withoutBom(InputStream in) throws IOException {
    byte[] first = in.readNBytes(3);
    return new SequenceInputStream(new ByteArrayInputStream(FileNature.withoutBom(first)), in);
  }

  private static boolean isText(
      CharsetDecoder decoder, ByteBuffer bytes, CharBuffer chars, boolean end) {
    chars.clear();
    CoderResult result = decoder.decode(bytes, chars, end);
    return !result.isError() && !hasNul(chars.array(), chars.position());
  }

  private static boolean hasNul(char[] chars, int count) {
    for (int i = 0; i < count; i++) {
      if (chars[i] == 0) {
        return true;
      }
    }
    return false;
  }
}

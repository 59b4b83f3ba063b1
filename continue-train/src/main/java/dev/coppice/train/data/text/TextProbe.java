package dev.coppice.train.data.text;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.io.ByteArrayInputStream;
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
public record TextProbe(long bytes, String sha256) {
  private static final byte[] BOM = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
  private static final int BUFFER = 1 << 16;
  private static final int MARK = 3;

  /**
   * A text, or why there is none.
   *
   * @param probe of the text
   * @param fault why it is none
   */
  public record Result(Optional<TextProbe> probe, String fault) {}

  /**
   * Reads an item through, until its end or until it proves not to be text; it stays open. A
   * leading mark of UTF-8 is no part of the text. Damage of what is packed is an error, other bytes
   * are not.
   */
  public static Result read(InputStream stored, DataItem item) throws IOException {
    InputStream in = Unpacked.of(stored, item::place);
    byte[] first = in.readNBytes(MARK);
    byte[] begun = withoutBom(first);
    InputStream text = new SequenceInputStream(new ByteArrayInputStream(begun), in);
    return read(text, first.length - begun.length);
  }

  private static Result read(InputStream text, long offset) throws IOException {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    Hasher hasher = Hashing.sha256().newHasher();
    ByteBuffer bytes = ByteBuffer.allocate(BUFFER);
    CharBuffer chars = CharBuffer.allocate(BUFFER);
    long decoded = offset;
    int read;
    do {
      read = text.readNBytes(bytes.array(), bytes.position(), bytes.remaining());
      hasher.putBytes(bytes.array(), bytes.position(), read);
      bytes.limit(bytes.position() + read).position(0);
      if (!isText(decoder, bytes, chars, read == 0)) {
        return none(Arrays.copyOf(bytes.array(), bytes.limit()), decoded, read == 0);
      }
      decoded += bytes.position();
      bytes.compact();
    } while (read > 0);
    return decoded == offset
        ? new Result(Optional.empty(), "empty")
        : new Result(Optional.of(new TextProbe(decoded - offset, hasher.hash().toString())), "");
  }

  private static Result none(byte[] bytes, long offset, boolean end) {
    String fault = TextFault.of(bytes, offset, end).map(TextFault::words).orElse("binary");
    return new Result(Optional.empty(), fault);
  }

  /** A stream without a leading mark of UTF-8. */
  public static InputStream withoutBom(InputStream in) throws IOException {
    byte[] first = in.readNBytes(3);
    return new SequenceInputStream(new ByteArrayInputStream(withoutBom(first)), in);
  }

  /** Bytes without a leading mark of UTF-8. */
  public static byte[] withoutBom(byte[] head) {
    boolean marked =
        head.length >= BOM.length && Arrays.equals(head, 0, BOM.length, BOM, 0, BOM.length);
    return marked ? Arrays.copyOfRange(head, BOM.length, head.length) : head;
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

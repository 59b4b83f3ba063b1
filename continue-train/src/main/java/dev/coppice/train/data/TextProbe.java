package dev.coppice.train.data;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Tells text from other bytes: text is well-formed UTF-8, is not empty and has no NUL.
 *
 * @param bytes length of the text
 * @param sha256 of the text, 64 hexadecimal digits
 */
record TextProbe(long bytes, String sha256) {
  private static final int BUFFER = 1 << 16;

  /** Reads a stream, until its end or until it proves not to be text; it stays open. */
  static Optional<TextProbe> of(InputStream in) throws IOException {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    Hasher hasher = Hashing.sha256().newHasher();
    ByteBuffer bytes = ByteBuffer.allocate(BUFFER);
    CharBuffer chars = CharBuffer.allocate(BUFFER);
    long total = 0;
    int read;
    do {
      read = in.readNBytes(bytes.array(), bytes.position(), bytes.remaining());
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

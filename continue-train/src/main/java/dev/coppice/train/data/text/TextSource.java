package dev.coppice.train.data.text;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.io.Closeable;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Documents of text, one after the other. Not thread-safe. */
public interface TextSource extends Closeable {
  /** The next document, if there is one; it is read to its end before the one after it. */
  Optional<OpenDocument> next() throws IOException;

  /** Bytes to be read, as stored. */
  long totalBytes();

  /** Bytes read so far, as stored. */
  long readBytes();

  /**
   * A document that is being read.
   *
   * @param name of its own, if it has one
   * @param key the same for equal documents
   * @param text closed by the source
   */
  record OpenDocument(Optional<String> name, long key, Reader text) {
    private static final int CHUNK = 1 << 16;

    /**
     * A text without a name.
     *
     * @param text whole; a surrogate without its other half becomes a question mark
     */
    static OpenDocument unnamed(String text) {
      String paired =
          isPaired(text)
              ? text
              : new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
      return new OpenDocument(Optional.empty(), keyOf(paired), new StringReader(paired));
    }

    private static boolean isPaired(String text) {
      for (int i = 0; i < text.length(); i++) {
        if (Character.isSurrogate(text.charAt(i))) {
          if (i + 1 == text.length()
              || !Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1))) {
            return false;
          }
          i++;
        }
      }
      return true;
    }

    /** The first 64 bits of the SHA-256 of the text's UTF-8, which is never whole in memory. */
    private static long keyOf(String text) {
      Hasher hasher = Hashing.sha256().newHasher();
      for (int from = 0, to; from < text.length(); from = to) {
        to = Math.min(text.length(), from + CHUNK);
        to -= to < text.length() && Character.isHighSurrogate(text.charAt(to - 1)) ? 1 : 0;
        hasher.putString(text.substring(from, to), StandardCharsets.UTF_8);
      }
      return Long.reverseBytes(hasher.hash().asLong());
    }
  }
}

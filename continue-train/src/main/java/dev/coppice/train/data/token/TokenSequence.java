package dev.coppice.train.data.token;

import dev.coppice.moe.random.KeyedHash;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Tokens that training reads from: documents one after the other, and where each starts.
 *
 * <p>Reading is thread-safe.
 */
public interface TokenSequence extends Closeable {
  /** Where the tokens are; for messages. */
  Path path();

  /** Number of tokens; positive. */
  long tokenCount();

  /** Number of documents; positive. Documents may be empty. */
  long documentCount();

  /**
   * Where a document starts.
   *
   * @param document in {@code 0..documentCount}; the last gives the end of all
   * @return index of its first token
   */
  long documentStart(long document);

  /**
   * One token.
   *
   * @param index in {@code 0..tokenCount-1}
   * @throws dev.coppice.moe.CoppiceException when an id is found that the vocabulary has not
   */
  int token(long index);

  /** Every token is below. */
  int vocabularySize();

  /** SHA-256 of all that is read, 64 hexadecimal digits. */
  String fingerprint();

  /**
   * Reads everything and compares it with the fingerprint.
   *
   * @throws dev.coppice.moe.CoppiceException with exit code INTEGRITY when they differ
   * @throws IOException when it cannot be read
   */
  void verify() throws IOException;

  /**
   * Which document a token is in. Cost: a binary search.
   *
   * @param token in {@code 0..tokenCount-1}
   */
  default long documentOf(long token) {
    long low = 0;
    long high = documentCount() - 1;
    while (low < high) {
      long middle = (low + high + 1) >>> 1;
      if (documentStart(middle) <= token) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /**
   * A number that equal documents share and others hardly ever do: of the length and the first 256
   * tokens, unless something better is kept.
   *
   * @param document in {@code 0..documentCount-1}
   */
  default long documentKey(long document) {
    long start = documentStart(document);
    long length = documentStart(document + 1) - start;
    long key = KeyedHash.of(length);
    for (long i = 0; i < Math.min(256, length); i++) {
      key = KeyedHash.of(key, token(start + i));
    }
    return key;
  }

  @Override
  void close() throws IOException;
}

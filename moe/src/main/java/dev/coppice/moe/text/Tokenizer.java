package dev.coppice.moe.text;

import java.io.IOException;
import java.io.InputStream;

/** Turns text into token ids. */
public interface Tokenizer extends AutoCloseable {

  /** Its name in the records of what it made, such as {@code byte}. */
  String name();

  /** How many ids there are; every id is below. */
  int vocabularySize();

  /**
   * Encodes one document.
   *
   * @param utf8 the document's text; read to its end, not closed
   * @param sink takes the ids in order
   * @throws IOException when reading or writing fails
   */
  void encode(InputStream utf8, TokenSink sink) throws IOException;

  /**
   * Encodes a prompt, with what the tokenizer puts before every text.
   *
   * @param prompt any text
   */
  int[] encode(String prompt);

  /**
   * The text of some ids; special tokens have none.
   *
   * @param ids each below {@link #vocabularySize()}
   */
  String decode(int... ids);

  @Override
  default void close() {}

  /** Where ids go. */
  @FunctionalInterface
  interface TokenSink {
    /**
     * Takes one id.
     *
     * @param id in {@code 0..vocabularySize-1}
     * @throws IOException when it cannot be stored
     */
    void accept(int id) throws IOException;
  }
}

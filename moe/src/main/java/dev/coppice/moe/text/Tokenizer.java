package dev.coppice.moe.text;

import com.google.common.base.Strings;
import com.google.common.primitives.Ints;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalInt;

/** Turns text into token ids. Encoding is thread-safe. */
public interface Tokenizer extends AutoCloseable {
  /** What bytes of a character that is not whole are decoded to. */
  char INCOMPLETE = '\uFFFD';

  /** Its name in the records of what it made, such as {@code byte}. */
  String name();

  /** A fingerprint that differs for every tokenizer with other ids: its name, or a SHA-256. */
  default String fingerprint() {
    return name();
  }

  /** How many ids there are; every id is below. */
  int vocabularySize();

  /** Where a document may be cut so that the ids of the pieces are those of the whole. */
  TextPieces.Cuts cuts();

  /**
   * The ids of a document, or of a piece of one that was cut as {@link #cuts} allows, without what
   * the tokenizer puts before or behind a text.
   *
   * @param piece any text; a surrogate without its other half is read as a question mark
   */
  int[] encodePiece(String piece);

  /**
   * The ids of a piece that is not the first of its document.
   *
   * @param piece begins where {@link #cuts} allows a cut
   */
  default int[] encodeLaterPiece(String piece) {
    return encodePiece(piece);
  }

  /**
   * Bytes of memory that encoding takes for each byte of a piece, beside the text itself; 0 where
   * that is little.
   */
  default int memoryPerByte() {
    return 0;
  }

  /**
   * Encodes one document, piece by piece.
   *
   * @param utf8 the document's text; read to its end, not closed
   * @param sink takes the ids in order
   * @throws IOException when reading or writing fails
   */
  default void encode(InputStream utf8, TokenSink sink) throws IOException {
    TextPieces pieces = new TextPieces(new InputStreamReader(utf8, StandardCharsets.UTF_8), cuts());
    boolean first = true;
    for (Optional<String> piece = pieces.next(); piece.isPresent(); piece = pieces.next()) {
      for (int id : first ? encodePiece(piece.get()) : encodeLaterPiece(piece.get())) {
        sink.accept(id);
      }
      first = false;
    }
  }

  /**
   * Encodes a prompt, behind {@link #prefix}. Tokens that the tokenizer puts behind a text are left
   * out, as the prompt continues.
   *
   * @param prompt any text; a surrogate without its other half is read as a question mark
   */
  int[] encode(String prompt);

  /**
   * Tokens that the tokenizer puts before every text, such as a beginning-of-text token; may be
   * empty.
   */
  default int[] prefix() {
    return new int[0];
  }

  /**
   * The id of a token that is written as some text, if one is.
   *
   * @param token its text, such as {@code <|endoftext|>}
   */
  default OptionalInt idOf(String token) {
    return OptionalInt.empty();
  }

  /** Whether special tokens that are written in documents are read as such, not as letters. */
  default boolean seesSpecialTokens() {
    return true;
  }

  /**
   * The text of one token, special ones included.
   *
   * @param id below {@link #vocabularySize()}
   */
  default String tokenText(int id) {
    return decode(id);
  }

  /**
   * The text of some ids; special tokens have none.
   *
   * @param ids each below {@link #vocabularySize()}
   */
  String decode(int... ids);

  /**
   * Bytes of UTF-8 text that an id stands for in the midst of a text; special tokens have none.
   *
   * @param id below {@link #vocabularySize()}
   */
  default int bytes(int id) {
    return decode(id).getBytes(StandardCharsets.UTF_8).length;
  }

  /**
   * The text that some ids add to others. It is not the text of those ids alone: many tokenizers
   * drop the blank that a text would begin with, and characters may be split over tokens.
   *
   * @param before ids of what stands before
   * @param made ids that follow
   */
  default String decodeAfter(int[] before, int... made) {
    String head = decode(before);
    String whole = decode(Ints.concat(before, made));
    int end = head.length();
    while (end > 0 && head.charAt(end - 1) == INCOMPLETE) {
      end--;
    }
    int cut = whole.startsWith(head) ? head.length() : end;
    return whole.substring(Math.min(cut, Strings.commonPrefix(head, whole).length()));
  }

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

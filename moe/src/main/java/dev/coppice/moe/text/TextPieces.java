package dev.coppice.moe.text;

import com.google.common.annotations.VisibleForTesting;
import dev.coppice.moe.text.bpe.LineCuts;
import java.io.IOException;
import java.io.Reader;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.IntConsumer;

/**
 * Cuts a document into pieces whose ids, one after the other, are those of the whole.
 *
 * <p>At lines, a cut is made only behind a newline that follows a character other than white space
 * and comes before an ASCII letter: no pre-tokeniser in use joins such a letter with what stands
 * before the newline, and none looks further for it. Where lines end with a carriage return and a
 * newline, a cut is made before them if an ASCII letter stands there. Not thread-safe.
 */
public final class TextPieces {
  /** Where a text may be cut. */
  @FunctionalInterface
  public interface Cuts {
    /** Between any two characters. */
    Cuts ANYWHERE = (text, at, to) -> !Character.isLowSurrogate(text[at]);

    /** Between some lines. */
    Cuts AT_LINES = LineCuts::betweenLines;

    /** Nowhere: a document is one piece. */
    Cuts NOWHERE = (text, at, to) -> false;

    /**
     * Whether a text may be cut before a character.
     *
     * @param text the part that is known
     * @param at index of the character, above 0
     * @param to end of that part, above {@code at}; the text may go on
     */
    boolean allows(char[] text, int at, int to);
  }

  /** Characters that a piece has at least, unless the document ends. */
  private static final int PIECE = 1 << 15;

  private final Reader text;
  private final Cuts cuts;
  private final IntConsumer growth;
  private char[] buffer = new char[2 * PIECE];
  private int length;
  private boolean ended;

  /**
   * Pieces of a document.
   *
   * @param text read to its end, not closed
   * @param cuts where it may be cut
   */
  public TextPieces(Reader text, Cuts cuts) {
    this(text, cuts, characters -> {});
  }

  /**
   * Pieces of a document.
   *
   * @param text read to its end, not closed
   * @param cuts where it may be cut
   * @param growth receives the characters of a piece that has found no cut yet, whenever they
   *     double; may refuse
   */
  public TextPieces(Reader text, Cuts cuts, IntConsumer growth) {
    this.text = text;
    this.cuts = cuts;
    this.growth = growth;
  }

  /**
   * The next piece, empty when the document has ended.
   *
   * @throws IOException when reading fails
   */
  public Optional<String> next() throws IOException {
    int searched = 0;
    while (!ended) {
      fill();
      int cut = lastCut(buffer, Math.max(1, searched), length, cuts);
      if (cut > 0 && length >= PIECE) {
        return Optional.of(take(cut));
      }
      searched = length;
    }
    return length == 0 ? Optional.empty() : Optional.of(take(length));
  }

  private void fill() throws IOException {
    if (length == buffer.length) {
      growth.accept(length);
      buffer = Arrays.copyOf(buffer, Math.multiplyExact(buffer.length, 2));
    }
    int read = text.read(buffer, length, Math.min(PIECE, buffer.length - length));
    ended = read < 0;
    length += Math.max(0, read);
  }

  private String take(int count) {
    String piece = new String(buffer, 0, count);
    System.arraycopy(buffer, count, buffer, 0, length - count);
    length -= count;
    return piece;
  }

  /** The last place before {@code to} where a text may be cut, or 0. */
  @VisibleForTesting
  static int lastCut(char[] text, int from, int to, Cuts cuts) {
    for (int at = to - 1; at >= from; at--) {
      if (cuts.allows(text, at, to)) {
        return at;
      }
    }
    return 0;
  }
}

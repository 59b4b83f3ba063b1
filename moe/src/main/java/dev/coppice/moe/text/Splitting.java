package dev.coppice.moe.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.primitives.Ints;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The way to cut a document for one tokenizer.
 *
 * <p>Pieces of most tokenizers are texts of their own. Others put a blank before every text: their
 * later pieces are read behind a context, whose ids are dropped. A context ends like the text that
 * was cut off: with a letter, or with a newline.
 *
 * @param cuts where a text may be cut
 * @param kind of context
 */
record Splitting(TextPieces.Cuts cuts, Context kind) {
  private static final String LETTER = "a";
  private static final String LINE = "a\n";

  private static final ImmutableList<String> LINE_ENDS =
      ImmutableList.of("a\n", "a1\n", "a;\n", "{};\n", "中\n", "é\n", "it's\n", "a\"\n", "/\n");

  private static final ImmutableList<String> LINE_STARTS =
      ImmutableList.of("a", "The cat", "s b", "ll", "S x", "zebra 1");

  private static final ImmutableList<String> WORD_ENDS =
      ImmutableList.of("a", "A", "The cat", "it's", "éa", ";a");

  private static final ImmutableList<String> CARRIAGE_RETURNS =
      ImmutableList.of("\r\n", "\r\na", "\r\n b", "\r\n\r\n", "\r\n;");

  /** Lines and words of many kinds, beside each other. */
  private static final String TRIAL =
      """
      The cat sat; it's 2024.\nzebra s ll
      \n\n  two blanks  here\n\tTab\n \n x y\r\nNext line\r\n\r\n end of it
      中文 字 一行\n世界\né à la carte мир и труд\n🌲 tree 🌲\n👩🏽‍💻\n“q” 'S x 1 2
      a\u00a0b \u3000c\n\u0301mark\n▁ ▁a ▁▁\n{ } ;\n;\n0\n a\n  b\n   c d
      """;

  /** The text before a later piece. */
  enum Context {
    /** None. */
    NONE,
    /** A letter before blanks and carriage returns, else a line. */
    LETTER_OR_LINE,
    /** A line. */
    LINE
  }

  /**
   * The way for a tokenizer.
   *
   * @param json its description
   * @param library the reference: ids of a text
   */
  static Splitting of(JsonNode json, Function<String, int[]> library) {
    AddedTokens added = AddedTokens.read(json);
    SentencePieceRules sentencePiece = SentencePieceRules.read(json);
    if (sentencePiece.applies()) {
      Context kind = sentencePiece.cutsBlanks() ? Context.LETTER_OR_LINE : Context.LINE;
      return new Splitting(added.sparedBy(sentencePiece.cuts()), kind).onTrial(library);
    }
    Splitting plain = new Splitting(added.sparedByLines(), Context.NONE);
    if (plain.agreesAtLines(library)) {
      return plain;
    }
    Splitting behind =
        new Splitting(added.sparedBy(TextPieces.Cuts.AT_LINES), Context.LETTER_OR_LINE);
    return isByteLevel(json.path("pre_tokenizer")) && behind.agreesAtLines(library)
        ? behind
        : new Splitting(TextPieces.Cuts.NOWHERE, Context.NONE);
  }

  private static boolean isByteLevel(JsonNode words) {
    return words.path("type").asText().equals("ByteLevel")
        || ImmutableList.copyOf(words.path("pretokenizers")).stream()
            .anyMatch(Splitting::isByteLevel);
  }

  private boolean agreesAtLines(Function<String, int[]> library) {
    return partsAreTheWhole(LINE_ENDS, LINE_STARTS, library)
        && partsAreTheWhole(WORD_ENDS, CARRIAGE_RETURNS, library);
  }

  /** Whether a cut changes nothing between all ends and starts that may be parted. */
  private boolean partsAreTheWhole(
      List<String> ends, List<String> starts, Function<String, int[]> library) {
    boolean parted = false;
    for (String end : ends) {
      for (String start : starts) {
        if (mayPart(end, start)) {
          parted = true;
          if (!isParted(end, start, library)) {
            return false;
          }
        }
      }
    }
    return parted;
  }

  private boolean mayPart(String end, String start) {
    char[] whole = (end + start + " ;").toCharArray();
    return cuts.allows(whole, end.length(), whole.length);
  }

  private boolean isParted(String end, String start, Function<String, int[]> library) {
    int[] whole = library.apply(end + start);
    Optional<int[]> later = later(start, library);
    return later.isPresent() && Arrays.equals(whole, Ints.concat(library.apply(end), later.get()));
  }

  /** This way if a trial agrees, else none. */
  private Splitting onTrial(Function<String, int[]> library) {
    char[] trial = TRIAL.toCharArray();
    int[] ids = new int[0];
    int from = 0;
    for (int at = 1; at <= trial.length; at++) {
      if (at == trial.length || cuts.allows(trial, at, trial.length)) {
        String piece = TRIAL.substring(from, at);
        ids =
            Ints.concat(
                ids,
                from == 0
                    ? library.apply(piece)
                    : later(piece, library).orElseGet(() -> library.apply(piece)));
        from = at;
      }
    }
    return Arrays.equals(ids, library.apply(TRIAL))
        ? this
        : new Splitting(TextPieces.Cuts.NOWHERE, Context.NONE);
  }

  /**
   * The ids of a piece that is not the first; empty if the ids of its context do not stay.
   *
   * @param piece of a text
   * @param library ids of a text
   */
  Optional<int[]> later(String piece, Function<String, int[]> library) {
    String context = context(piece);
    int[] whole = library.apply(context + piece);
    int[] before = library.apply(context);
    return whole.length >= before.length
            && Arrays.equals(whole, 0, before.length, before, 0, before.length)
        ? Optional.of(Arrays.copyOfRange(whole, before.length, whole.length))
        : Optional.empty();
  }

  private String context(String piece) {
    return switch (kind) {
      case NONE -> "";
      case LINE -> LINE;
      case LETTER_OR_LINE -> piece.startsWith(" ") || piece.startsWith("\r\n") ? LETTER : LINE;
    };
  }
}

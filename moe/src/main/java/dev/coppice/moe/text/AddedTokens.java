package dev.coppice.moe.text;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.Streams;
import dev.coppice.moe.text.bpe.LineCuts;

/**
 * Tokens that are looked for in a text before all else, and must not be cut.
 *
 * <p>An added token covers a cut if it may stand on both sides of it; it touches one if nothing but
 * white space is between them, which the token may take in.
 *
 * @param tokens those of a description
 * @param normalizer of the same
 */
record AddedTokens(ImmutableList<Added> tokens, NormalizerRules normalizer) {
  /**
   * One token.
   *
   * @param content as it is written
   * @param normalized whether it is looked for in the normalised text
   * @param reaching whether its neighbours matter: white space that it takes in, or parts of words
   */
  record Added(String content, boolean normalized, boolean reaching) {
    private boolean endsLines() {
      return content.indexOf('\n') >= 0 || content.indexOf('\r') >= 0;
    }

    /** Whether it stands somewhere; the end of the known text may hide the rest of it. */
    private boolean isWithin(char[] text, int from, int last, int to) {
      for (int at = Math.max(0, from); at <= last && at < to; at++) {
        if (isAt(text, at, to)) {
          return true;
        }
      }
      return false;
    }

    private boolean isAt(char[] text, int at, int to) {
      int length = Math.min(content.length(), to - at);
      for (int i = 0; i < length; i++) {
        if (text[at + i] != content.charAt(i)) {
          return false;
        }
      }
      return true;
    }
  }

  /** Reads a whole description. */
  static AddedTokens read(JsonNode json) {
    return new AddedTokens(
        Streams.stream(json.path("added_tokens"))
            .map(
                token ->
                    new Added(
                        token.path("content").asText(),
                        token.path("normalized").asBoolean(),
                        token.path("lstrip").asBoolean()
                            || token.path("rstrip").asBoolean()
                            || token.path("single_word").asBoolean()))
            .filter(token -> !token.content().isEmpty())
            .collect(toImmutableList()),
        NormalizerRules.read(json.path("normalizer")));
  }

  /**
   * Cuts between lines that no added token covers, where the start of a piece is like that of a
   * text.
   */
  TextPieces.Cuts sparedByLines() {
    if (tokens.stream().anyMatch(this::mayHideLines)) {
      return TextPieces.Cuts.NOWHERE;
    }
    ImmutableList<Added> near =
        tokens.stream().filter(t -> t.reaching() || t.endsLines()).collect(toImmutableList());
    return near.isEmpty()
        ? TextPieces.Cuts.AT_LINES
        : (text, at, to) ->
            TextPieces.Cuts.AT_LINES.allows(text, at, to) && !isNear(near, text, at, to);
  }

  /** Whether a token may stand in a text in a form that cannot be seen without the normaliser. */
  private boolean mayHideLines(Added token) {
    return token.normalized()
        && !normalizer.literal()
        && (token.reaching()
            || token.endsLines()
            || (!normalizer.keepsLines() && NormalizerRules.holdsBlank(token.content())));
  }

  private static boolean isNear(ImmutableList<Added> near, char[] text, int at, int to) {
    return near.stream()
        .anyMatch(
            token ->
                token.reaching()
                    ? touches(token, text, at, to)
                    : token.isWithin(text, at - token.content().length() + 1, at - 1, to));
  }

  /**
   * Cuts that no added token touches.
   *
   * @param cuts where pieces are read behind a context
   */
  TextPieces.Cuts sparedBy(TextPieces.Cuts cuts) {
    boolean hidden =
        tokens.stream()
            .anyMatch(
                t ->
                    t.normalized()
                        && !normalizer.literal()
                        && (t.reaching() || NormalizerRules.holdsBlank(t.content())));
    return hidden || cuts.equals(TextPieces.Cuts.NOWHERE)
        ? TextPieces.Cuts.NOWHERE
        : (text, at, to) ->
            cuts.allows(text, at, to)
                && tokens.stream().noneMatch(token -> touches(token, text, at, to));
  }

  private static boolean touches(Added token, char[] text, int at, int to) {
    int from = at;
    while (from > 0 && LineCuts.isSpace(text[from - 1])) {
      from--;
    }
    int end = at;
    while (end < to && LineCuts.isSpace(text[end])) {
      end++;
    }
    return end == to || token.isWithin(text, from - token.content().length(), end, to);
  }
}

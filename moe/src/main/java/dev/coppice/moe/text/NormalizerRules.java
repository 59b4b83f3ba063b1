package dev.coppice.moe.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.text.bpe.LineCuts;

/**
 * The means of a {@code tokenizer.json}'s normaliser that matter where a text is cut.
 *
 * @param literal whether added tokens are found in the text as they are written: nothing changes
 *     but blanks, and the start of a text
 * @param keepsLines whether newlines, and nothing else, become newlines, and no end is stripped
 * @param local whether both sides of a single blank between letters are changed apart
 * @param marksBlanks whether blanks become {@link #BLANK}
 */
record NormalizerRules(boolean literal, boolean keepsLines, boolean local, boolean marksBlanks) {
  /** The form of a blank in SentencePiece-like vocabularies. */
  static final char BLANK = '▁';

  private static final ImmutableSet<String> KEEPS_LINES =
      ImmutableSet.of("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents");
  private static final ImmutableSet<String> LOCAL =
      ImmutableSet.of("Precompiled", "Nmt", "Strip", "BertNormalizer");

  /**
   * Reads a normaliser.
   *
   * @param node the description's {@code normalizer}, which may be absent
   */
  static NormalizerRules read(JsonNode node) {
    if (node.isNull() || node.isMissingNode()) {
      return new NormalizerRules(true, true, true, false);
    }
    if (node.path("type").asText().equals("Sequence")) {
      NormalizerRules all = new NormalizerRules(true, true, true, false);
      for (JsonNode part : ImmutableList.copyOf(node.path("normalizers"))) {
        all = all.and(read(part));
      }
      return all;
    }
    return step(node);
  }

  private NormalizerRules and(NormalizerRules next) {
    return new NormalizerRules(
        literal && next.literal,
        keepsLines && next.keepsLines,
        local && next.local,
        marksBlanks || next.marksBlanks);
  }

  private static NormalizerRules step(JsonNode node) {
    String type = node.path("type").asText();
    if (type.equals("Prepend")) {
      boolean blank = node.path("prepend").asText().equals(String.valueOf(BLANK));
      return new NormalizerRules(blank, blank, blank, false);
    }
    if (type.equals("Replace")) {
      return replacement(node.path("pattern"), node.path("content").asText());
    }
    boolean lines = KEEPS_LINES.contains(type);
    return new NormalizerRules(false, lines, lines || LOCAL.contains(type), false);
  }

  private static NormalizerRules replacement(JsonNode pattern, String content) {
    String old = pattern.path("String").asText();
    if (old.equals(" ") && content.equals(String.valueOf(BLANK))) {
      return new NormalizerRules(true, true, true, true);
    }
    boolean runs = pattern.path("Regex").asText().equals(" {2,}");
    boolean plain = !old.isEmpty() && !holdsBlank(old) && !holdsBlank(content);
    return new NormalizerRules(false, plain, plain || runs, false);
  }

  /** Whether a text has white space, or the mark of a blank. */
  static boolean holdsBlank(String text) {
    return text.chars().anyMatch(c -> c == BLANK || LineCuts.isSpace((char) c));
  }
}

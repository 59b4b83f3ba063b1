package dev.coppice.moe.text;

import static com.google.common.collect.ImmutableSet.toImmutableSet;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Streams;
import dev.coppice.moe.text.bpe.StableCharacters;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Where a SentencePiece-like tokenizer may be cut: one whose words begin with a marked blank, or
 * that reads a whole text as one word.
 *
 * <p>Words are read apart, so that a cut before a blank that begins one changes nothing. Inside a
 * word, byte-pair merges are independent on both sides of a place that no entry of the vocabulary
 * spans: a newline and another character, or a character and a blank. Unigram models weigh the sums
 * of a whole word, whose roundings may decide between equals: there is no cut inside a word.
 *
 * @param applies whether a tokenizer is of this kind
 * @param cutsLines whether it may be cut behind newlines
 * @param cutsBlanks whether it may be cut before single blanks
 */
record SentencePieceRules(boolean applies, boolean cutsLines, boolean cutsBlanks) {
  private static final ImmutableSet<String> OFF = ImmutableSet.of("", "null", "false", "0.0", "0");

  /** Reads a whole description. */
  static SentencePieceRules read(JsonNode json) {
    JsonNode words = json.path("pre_tokenizer");
    JsonNode model = json.path("model");
    NormalizerRules normalizer = NormalizerRules.read(json.path("normalizer"));
    boolean marked = isMarked(words);
    boolean whole = words.isNull() || words.isMissingNode() || isIdle(words, normalizer);
    boolean applies = marked || (whole && isPairs(model));
    boolean apart = marked && words.path("split").asBoolean(true);
    ImmutableSet<String> entries = entries(model);
    boolean merges = isPairs(model) && isPlain(model) && normalizer.keepsLines();
    boolean lines = merges && knowsNewline(model, entries) && spansNone(entries, '\n');
    boolean blanks =
        merges
            && (marked || normalizer.marksBlanks())
            && entries.contains(String.valueOf(NormalizerRules.BLANK))
            && entries.stream().noneMatch(SentencePieceRules::holdsLaterBlank);
    return new SentencePieceRules(applies, lines, (apart && normalizer.local()) || blanks);
  }

  private static boolean isMarked(JsonNode words) {
    String mark = String.valueOf(NormalizerRules.BLANK);
    return words.path("type").asText().equals("Metaspace")
        && words.path("replacement").asText(mark).equals(mark)
        && words.path("str_rep").asText(mark).equals(mark);
  }

  /** Whether words are parted at blanks, of which the normaliser leaves none. */
  private static boolean isIdle(JsonNode words, NormalizerRules normalizer) {
    return normalizer.marksBlanks()
        && words.path("type").asText().equals("Split")
        && words.path("pattern").path("String").asText().equals(" ");
  }

  private static boolean isPairs(JsonNode model) {
    return model.path("type").asText("BPE").equals("BPE") && model.has("merges");
  }

  private static boolean isPlain(JsonNode model) {
    return ImmutableList.of("dropout", "continuing_subword_prefix", "end_of_word_suffix").stream()
        .allMatch(option -> OFF.contains(model.path(option).asText()));
  }

  private static ImmutableSet<String> entries(JsonNode model) {
    JsonNode vocabulary = model.path("vocab");
    return vocabulary.isObject()
        ? ImmutableSet.copyOf(vocabulary.fieldNames())
        : Streams.stream(vocabulary).map(entry -> entry.path(0).asText()).collect(toImmutableSet());
  }

  /** Whether a newline has a token of its own, so that it is not taken together with others. */
  private static boolean knowsNewline(JsonNode model, ImmutableSet<String> entries) {
    return entries.contains("\n")
        || (model.path("byte_fallback").asBoolean()
            && IntStream.range(0, 256)
                .allMatch(b -> entries.contains(String.format(Locale.ROOT, "<0x%02X>", b))));
  }

  private static boolean spansNone(ImmutableSet<String> entries, char end) {
    return entries.stream()
        .noneMatch(
            entry ->
                IntStream.range(1, entry.length())
                    .anyMatch(i -> entry.charAt(i - 1) == end && entry.charAt(i) != end));
  }

  private static boolean holdsLaterBlank(String entry) {
    return IntStream.range(1, entry.length())
        .anyMatch(
            i ->
                entry.charAt(i) == NormalizerRules.BLANK
                    && entry.charAt(i - 1) != NormalizerRules.BLANK);
  }

  /** Behind newlines before another character, and before single blanks between letters. */
  TextPieces.Cuts cuts() {
    if (!cutsLines && !cutsBlanks) {
      return TextPieces.Cuts.NOWHERE;
    }
    return (text, at, to) ->
        (cutsLines && text[at - 1] == '\n' && text[at] != '\n')
            || (cutsBlanks
                && text[at] == ' '
                && at + 1 < to
                && isFirm(text[at - 1])
                && isFirm(text[at + 1]));
  }

  /** Whether a character is a letter or digit that no normaliser joins with a blank. */
  private static boolean isFirm(char c) {
    return Character.isLetterOrDigit(c) && StableCharacters.contains(c);
  }
}

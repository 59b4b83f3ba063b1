package dev.coppice.moe.text.bpe;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.base.CharMatcher;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Streams;
import java.text.Normalizer;
import java.util.Optional;

/**
 * The rules of a {@code tokenizer.json} of a byte-level BPE, if all of them are supported.
 *
 * @param words expressions that part a text into words, each applied to what the one before left
 * @param vocabulary id of each symbol; holds the 256 symbols of single bytes
 * @param merges two symbols with a blank between them, the first to be merged first
 * @param wholeWords whether a word that is a symbol is not built by merges
 * @param normalizes whether text must be in NFC
 * @param added tokens that are looked for in the text before all else
 */
public record BytePairRules(
    ImmutableList<String> words,
    ImmutableMap<String, Integer> vocabulary,
    ImmutableList<String> merges,
    boolean wholeWords,
    boolean normalizes,
    ImmutableList<String> added) {

  private static final String GPT2 =
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
  private static final ImmutableSet<String> PLAIN_OPTIONS = ImmutableSet.of("", "null", "false");

  /** The rules, if they are of the kind that {@link BytePairEncoder} follows. */
  public static Optional<BytePairRules> read(JsonNode json) {
    JsonNode model = json.path("model");
    Optional<ImmutableList<String>> words = words(json.path("pre_tokenizer"));
    Optional<Boolean> normalizes = normalizes(json.path("normalizer"));
    if (words.isEmpty() || normalizes.isEmpty() || !isPlain(model) || !isPlain(json)) {
      return Optional.empty();
    }
    ImmutableMap.Builder<String, Integer> vocabulary = ImmutableMap.builder();
    model.path("vocab").properties().forEach(e -> vocabulary.put(e.getKey(), e.getValue().asInt()));
    return Optional.of(
            new BytePairRules(
                words.get(),
                vocabulary.buildOrThrow(),
                merges(model.path("merges")),
                model.path("ignore_merges").asBoolean(),
                normalizes.get(),
                Streams.stream(json.path("added_tokens"))
                    .map(token -> token.path("content").asText())
                    .collect(ImmutableList.toImmutableList())))
        .filter(BytePairRules::hasBytes);
  }

  private static boolean isPlain(JsonNode node) {
    if (node.has("added_tokens")) {
      return Streams.stream(node.get("added_tokens"))
          .allMatch(
              token ->
                  !token.path("content").asText().isEmpty()
                      && CharMatcher.anyOf("\n\r").matchesNoneOf(token.path("content").asText())
                      && (!token.path("normalized").asBoolean()
                          || Normalizer.isNormalized(
                              token.path("content").asText(), Normalizer.Form.NFC))
                      && !token.path("lstrip").asBoolean()
                      && !token.path("rstrip").asBoolean()
                      && !token.path("single_word").asBoolean());
    }
    return !node.has("type")
        || (node.path("type").asText().equals("BPE")
            && isOff(node, "dropout")
            && isOff(node, "continuing_subword_prefix")
            && isOff(node, "end_of_word_suffix")
            && isOff(node, "byte_fallback"));
  }

  private static boolean isOff(JsonNode node, String option) {
    return PLAIN_OPTIONS.contains(node.path(option).asText());
  }

  private static ImmutableList<String> merges(JsonNode merges) {
    return Streams.stream(merges)
        .map(m -> m.isArray() ? m.path(0).asText() + " " + m.path(1).asText() : m.asText())
        .collect(ImmutableList.toImmutableList());
  }

  private static Optional<Boolean> normalizes(JsonNode node) {
    if (node.isNull() || node.isMissingNode()) {
      return Optional.of(false);
    }
    JsonNode parts = node.path("normalizers");
    if (node.path("type").asText().equals("Sequence") && parts.size() < 2) {
      return parts.isEmpty() ? Optional.of(false) : normalizes(parts.get(0));
    }
    return node.path("type").asText().equals("NFC") ? Optional.of(true) : Optional.empty();
  }

  private static Optional<ImmutableList<String>> words(JsonNode node) {
    ImmutableList<JsonNode> parts =
        node.path("type").asText().equals("Sequence")
            ? ImmutableList.copyOf(node.path("pretokenizers"))
            : ImmutableList.of(node);
    ImmutableList.Builder<String> patterns = ImmutableList.builder();
    for (int i = 0; i < parts.size(); i++) {
      JsonNode part = parts.get(i);
      boolean last = i + 1 == parts.size();
      if (part.path("type").asText().equals("ByteLevel") != last) {
        return Optional.empty();
      }
      if (last && part.path("add_prefix_space").asBoolean(true)) {
        return Optional.empty();
      }
      if (last && !part.path("use_regex").asBoolean(true)) {
        continue;
      }
      Optional<String> pattern = last ? Optional.of(GPT2) : split(part);
      if (pattern.isEmpty()) {
        return Optional.empty();
      }
      patterns.add(pattern.get());
    }
    return Optional.of(patterns.build()).filter(found -> !found.isEmpty());
  }

  private static Optional<String> split(JsonNode part) {
    String type = part.path("type").asText();
    if (type.equals("Digits") && part.path("individual_digits").asBoolean()) {
      return Optional.of("\\p{N}");
    }
    JsonNode regex = part.path("pattern").path("Regex");
    boolean plain =
        type.equals("Split")
            && regex.isTextual()
            && part.path("behavior").asText().equals("Isolated")
            && !part.path("invert").asBoolean();
    return plain ? Optional.of(regex.asText()) : Optional.empty();
  }

  private boolean hasBytes() {
    for (int b = 0; b < 256; b++) {
      if (!vocabulary.containsKey(String.valueOf(symbol(b)))) {
        return false;
      }
    }
    return true;
  }

  /** How vocabularies write a byte: itself if it can be seen, else a letter from U+0100 on. */
  static char symbol(int value) {
    if (isVisible(value)) {
      return (char) value;
    }
    int hidden = 0;
    for (int other = 0; other < value; other++) {
      hidden += isVisible(other) ? 0 : 1;
    }
    return (char) (256 + hidden);
  }

  private static boolean isVisible(int value) {
    return (value >= '!' && value <= '~')
        || (value >= 0xA1 && value <= 0xAC)
        || (value >= 0xAE && value <= 0xFF);
  }
}

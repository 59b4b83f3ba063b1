package dev.coppice.moe.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes a byte-level BPE {@code tokenizer.json} out of a text, merge by merge, the plain way.
 *
 * <p><b>Source</b>: Sennrich, Haddow, Birch, "Neural machine translation of rare words with subword
 * units", ACL 2016; words are cut as GPT-2 does.
 */
public final class BytePairTraining {
  /** What ends a document. */
  public static final String END = "<|endoftext|>";

  /** How a text is parted into words, and what is done before. */
  public enum Style {
    /** As GPT-2 does. */
    GPT2,
    /** As Llama 3 does; a word that is a symbol is not built by merges. */
    LLAMA3(Words.LLAMA3),
    /** As Qwen 2 does: text is brought to NFC first. */
    QWEN2(Words.LLAMA3.replace("{1,3}", "")),
    /** As gpt-oss does: capitals begin words. */
    GPT_OSS(Words.CAPITAL + Words.SMALL + "+" + Words.SHORT + "|" + Words.CAPITALS + Words.OTHERS),
    /** As DeepSeek-V3 does: numbers first, then Chinese and Japanese, then the rest. */
    DEEPSEEK_V3("\\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+", Words.DEEPSEEK),
    /** With a blank put before every text, which forbids cutting it. */
    BLANK_FIRST;

    private final ImmutableList<String> splits;

    Style(String... splits) {
      this.splits = ImmutableList.copyOf(splits);
    }

    /** Expressions that part words one after the other; none where it is GPT-2's. */
    public ImmutableList<String> splits() {
      return splits;
    }
  }

  private static final class Words {
    static final String SHORT = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";
    static final String CAPITAL = "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*";
    static final String SMALL = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
    static final String CAPITALS = CAPITAL.replace("]*", "]+") + SMALL + "*" + SHORT;
    static final String OTHERS =
        "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    static final String LLAMA3 =
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
            + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    static final String DEEPSEEK =
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|"
            + "[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|"
            + "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private Words() {}
  }

  private static final Pattern WORDS =
      Pattern.compile(
          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");

  private final Map<String, Integer> vocabulary = new LinkedHashMap<>();
  private final List<String> merges = new ArrayList<>();
  private final List<List<String>> words = new ArrayList<>();
  private final List<Integer> counts = new ArrayList<>();
  private final Map<List<String>, Integer> pairCounts = new HashMap<>();
  private final Map<List<String>, Set<Integer>> pairWords = new HashMap<>();

  private BytePairTraining() {}

  /**
   * Writes a tokenizer.
   *
   * @param file to write
   * @param text to learn from
   * @param merges at most so many
   * @param style of its words
   * @return ids that there are; the last is {@link #END}
   */
  public static int write(Path file, String text, int merges, Style style) throws IOException {
    BytePairTraining training = new BytePairTraining();
    training.read(text);
    for (int i = 0; i < merges && training.mergeCommonest(); i++) {
      // goes on
    }
    Files.writeString(file, training.json(style).toString());
    return training.vocabulary.size() + 1;
  }

  private void read(String text) {
    for (int b = 0; b < 256; b++) {
      vocabulary.put(symbol(b), vocabulary.size());
    }
    Map<String, Integer> found = new LinkedHashMap<>();
    Matcher matcher = WORDS.matcher(text);
    while (matcher.find()) {
      found.merge(matcher.group(), 1, Integer::sum);
    }
    found.forEach(
        (word, count) -> {
          List<String> symbols = new ArrayList<>();
          for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
            symbols.add(symbol(Byte.toUnsignedInt(b)));
          }
          words.add(symbols);
          counts.add(count);
          count(words.size() - 1, 1);
        });
  }

  /** Adds a word's pairs to the counts, or takes them off. */
  private void count(int word, int sign) {
    List<String> symbols = words.get(word);
    for (int i = 0; i + 1 < symbols.size(); i++) {
      List<String> pair = List.of(symbols.get(i), symbols.get(i + 1));
      pairCounts.merge(pair, sign * counts.get(word), Integer::sum);
      pairWords.computeIfAbsent(pair, p -> new HashSet<>()).add(word);
    }
  }

  private boolean mergeCommonest() {
    List<String> best =
        pairCounts.entrySet().stream()
            .max(
                Map.Entry.<List<String>, Integer>comparingByValue()
                    .thenComparing(e -> e.getKey().toString(), Comparator.reverseOrder()))
            .map(Map.Entry::getKey)
            .orElseThrow();
    if (pairCounts.get(best) < 2) {
      return false;
    }
    String merged = best.get(0) + best.get(1);
    vocabulary.putIfAbsent(merged, vocabulary.size());
    merges.add(best.get(0) + " " + best.get(1));
    for (int word : List.copyOf(pairWords.get(best))) {
      count(word, -1);
      words.set(word, replaced(words.get(word), best, merged));
      count(word, 1);
    }
    pairCounts.remove(best);
    pairWords.remove(best);
    return true;
  }

  private static List<String> replaced(List<String> symbols, List<String> pair, String merged) {
    List<String> made = new ArrayList<>();
    for (int i = 0; i < symbols.size(); i++) {
      if (i + 1 < symbols.size() && symbols.subList(i, i + 2).equals(pair)) {
        made.add(merged);
        i++;
      } else {
        made.add(symbols.get(i));
      }
    }
    return made;
  }

  /** GPT-2's letter for a byte: itself if it can be seen, else one from 256 on. */
  private static String symbol(int value) {
    if (seen(value)) {
      return Character.toString(value);
    }
    int hiddenBefore = 0;
    for (int b = 0; b < value; b++) {
      hiddenBefore += seen(b) ? 0 : 1;
    }
    return Character.toString(256 + hiddenBefore);
  }

  private static boolean seen(int value) {
    return (value >= '!' && value <= '~')
        || (value >= 0xA1 && value <= 0xAC)
        || (value >= 0xAE && value <= 0xFF);
  }

  private ObjectNode json(Style style) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("version", "1.0").putNull("truncation").putNull("padding");
    json.putArray("added_tokens")
        .addObject()
        .put("id", vocabulary.size())
        .put("content", END)
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", true);
    json.putNull("normalizer");
    for (String part : List.of("pre_tokenizer", "post_processor", "decoder")) {
      byteLevel(json.putObject(part), style == Style.BLANK_FIRST, true);
    }
    if (!style.splits().isEmpty()) {
      ArrayNode parts =
          json.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
      for (String split : style.splits()) {
        ObjectNode part = parts.addObject().put("type", "Split");
        part.put("behavior", "Isolated").put("invert", false);
        part.putObject("pattern").put("Regex", split);
      }
      byteLevel(parts.addObject(), false, false);
    }
    if (style == Style.QWEN2) {
      json.putObject("normalizer").put("type", "NFC");
    }
    json.set("model", model(style));
    return json;
  }

  private static void byteLevel(ObjectNode part, boolean blankFirst, boolean regex) {
    part.put("type", "ByteLevel")
        .put("add_prefix_space", blankFirst)
        .put("trim_offsets", true)
        .put("use_regex", regex);
  }

  private ObjectNode model(Style style) {
    ObjectNode model = new ObjectMapper().createObjectNode().put("type", "BPE");
    for (String none :
        List.of("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix")) {
      model.putNull(none);
    }
    model.put("fuse_unk", false).put("byte_fallback", false);
    model.put("ignore_merges", style == Style.LLAMA3);
    ObjectNode ids = model.putObject("vocab");
    vocabulary.forEach(ids::put);
    ArrayNode list = model.putArray("merges");
    merges.forEach(list::add);
    return model;
  }
}

package dev.coppice.moe.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Makes SentencePiece-like {@code tokenizer.json} files out of a text: pairs or Unigram pieces with
 * bytes for what is unknown. Ids: 0 {@code <unk>}, 1 {@code <s>}, 2 {@code </s>}, 3 to 258 bytes.
 */
public final class SentencePieceTraining {
  private static final String STARTED = "{'type':'Prepend','prepend':'▁'}";
  private static final String MARKED = "{'type':'Replace','pattern':{'String':' '},'content':'▁'}";
  private static final String BLANKS =
      "{'type':'Split','pattern':{'String':' '},'behavior':'MergedWithPrevious','invert':false}";

  /** How blanks are marked, and which model reads the rest. */
  public enum Style {
    /** As Mixtral and Llama 2 do: a normaliser puts a blank before each text. */
    PREPEND(Model.PAIRS, sequence(STARTED, MARKED), "null"),
    /** The same, lower case. */
    LOWERCASE(Model.PAIRS, sequence("{'type':'Lowercase'}", STARTED, MARKED), "null"),
    /** As Gemma does: no blank before a text. */
    REPLACED(Model.PAIRS, MARKED, BLANKS),
    /** A blank before the first word of a text alone. */
    FIRST(Model.PAIRS, "null", metaspace("first", false)),
    /** A blank before each text. */
    ALWAYS(Model.PAIRS, "null", metaspace("always", false)),
    /** No blank before a text. */
    NEVER(Model.PAIRS, "null", metaspace("never", false)),
    /** Words apart, a blank before the first. */
    WORDS_FIRST(Model.PAIRS, "null", metaspace("first", true)),
    /** Words apart, a blank before each text, compatible forms made one. */
    WORDS_ALWAYS(Model.PAIRS, "{'type':'NFKC'}", metaspace("always", true)),
    /** Pieces that span lines. */
    SPANNING(Model.SPANNING_PAIRS, sequence(STARTED, MARKED), "null"),
    /** Words apart, pieces that span lines. */
    SPANNING_WORDS(Model.SPANNING_PAIRS, "null", metaspace("always", true)),
    /** Unigram, words apart. */
    UNIGRAM(Model.UNIGRAM, "null", metaspace("always", true)),
    /** Unigram, words apart, a blank before the first, ends of a text stripped. */
    UNIGRAM_FIRST(
        Model.UNIGRAM,
        "{'type':'Strip','strip_left':false,'strip_right':true}",
        metaspace("first", true)),
    /** Unigram over a whole text. */
    UNIGRAM_WHOLE(Model.UNIGRAM, "null", metaspace("first", false));

    private final Model model;
    private final String normalizer;
    private final String words;

    Style(Model model, String normalizer, String words) {
      this.model = model;
      this.normalizer = normalizer;
      this.words = words;
    }
  }

  private enum Model {
    PAIRS,
    SPANNING_PAIRS,
    UNIGRAM
  }

  private static final int MERGES = 150;
  private static final int LONGEST_PIECE = 5;

  private final ObjectMapper mapper = new ObjectMapper();
  private final Map<String, Integer> entries = new LinkedHashMap<>();
  private final List<String> merges = new ArrayList<>();
  private final Map<String, Integer> words = new TreeMap<>();

  private SentencePieceTraining() {}

  /** An added token: its text, and options of the format that are on. */
  public record Added(String content, ImmutableList<String> options) {
    /** A token with these options. */
    public Added(String content, String... options) {
      this(content, ImmutableList.copyOf(options));
    }
  }

  /**
   * Writes a tokenizer.
   *
   * @param file to write
   * @param text to learn from
   * @param style of words and model
   * @param added tokens beside the three of the vocabulary
   * @return ids that there are
   */
  public static int write(Path file, String text, Style style, Added... added) throws IOException {
    SentencePieceTraining training = new SentencePieceTraining();
    boolean spans = style.model == Model.SPANNING_PAIRS;
    for (String line : text.split(spans ? ";" : "\n", -1)) {
      for (String word : spans ? new String[] {line} : (" " + line).split("(?=(?<! ) )", -1)) {
        training.words.merge(word.replace(' ', '▁'), 1, Integer::sum);
      }
    }
    Files.writeString(file, training.json(style, added).toString());
    return training.entries.size() + added.length;
  }

  private ObjectNode json(Style style, Added... added) throws IOException {
    ObjectNode json = mapper.createObjectNode().put("version", "1.0");
    json.putNull("truncation").putNull("padding");
    json.set(
        "model",
        style.model == Model.UNIGRAM ? unigram() : pairs(style.model == Model.SPANNING_PAIRS));
    ArrayNode tokens = json.putArray("added_tokens");
    for (String own : List.of("<unk>", "<s>", "</s>")) {
      token(tokens, tokens.size(), new Added(own, "special"));
    }
    for (int i = 0; i < added.length; i++) {
      token(tokens, entries.size() + i, added[i]);
    }
    json.set("normalizer", mapper.readTree(style.normalizer.replace('\'', '"')));
    json.set("pre_tokenizer", mapper.readTree(style.words.replace('\'', '"')));
    json.putNull("post_processor").putNull("decoder");
    return json;
  }

  /** Adds a token to a description's list. */
  public static void token(ArrayNode tokens, int id, Added added) {
    ObjectNode token = tokens.addObject().put("id", id).put("content", added.content());
    for (String option : List.of("single_word", "lstrip", "rstrip", "normalized", "special")) {
      token.put(option, added.options().contains(option));
    }
  }

  private void base() {
    List.of("<unk>", "<s>", "</s>").forEach(own -> entries.put(own, entries.size()));
    for (int value = 0; value < 256; value++) {
      entries.put(String.format(Locale.ROOT, "<0x%02X>", value), entries.size());
    }
    entries.put("▁", entries.size());
    for (String word : words.keySet()) {
      word.chars()
          .filter(c -> !Character.isSurrogate((char) c))
          .forEach(c -> entries.putIfAbsent(Character.toString(c), entries.size()));
    }
  }

  private ObjectNode pairs(boolean spans) {
    base();
    Map<List<String>, Integer> parts = new LinkedHashMap<>();
    words.forEach((word, count) -> parts.merge(List.of(word.split("")), count, Integer::sum));
    for (int i = 0; i < MERGES; i++) {
      merge(parts);
    }
    for (String pair : spans ? List.of("\n ▁", "\n T", "e ▁") : List.<String>of()) {
      merges.add(pair);
      entries.putIfAbsent(pair.replace(" ", ""), entries.size());
    }
    ObjectNode model = mapper.createObjectNode().put("type", "BPE");
    model.putNull("dropout").put("unk_token", "<unk>").putNull("continuing_subword_prefix");
    model.putNull("end_of_word_suffix").put("fuse_unk", true).put("byte_fallback", true);
    ObjectNode vocabulary = model.putObject("vocab");
    entries.forEach(vocabulary::put);
    ArrayNode list = model.putArray("merges");
    merges.forEach(list::add);
    return model;
  }

  private void merge(Map<List<String>, Integer> parts) {
    Map<String, Integer> counts = new TreeMap<>();
    parts.forEach(
        (word, count) -> {
          for (int i = 0; i + 1 < word.size(); i++) {
            counts.merge(word.get(i) + " " + word.get(i + 1), count, Integer::sum);
          }
        });
    if (counts.isEmpty()) {
      return;
    }
    String best =
        counts.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
    String[] pair = best.split(" ", -1);
    merges.add(best);
    entries.putIfAbsent(pair[0] + pair[1], entries.size());
    Map<List<String>, Integer> merged = new LinkedHashMap<>();
    parts.forEach((word, count) -> merged.merge(merged(word, pair), count, Integer::sum));
    parts.clear();
    parts.putAll(merged);
  }

  private static List<String> merged(List<String> word, String... pair) {
    List<String> made = new ArrayList<>();
    for (int i = 0; i < word.size(); i++) {
      boolean both =
          i + 1 < word.size() && word.get(i).equals(pair[0]) && word.get(i + 1).equals(pair[1]);
      made.add(both ? pair[0] + pair[1] : word.get(i));
      i += both ? 1 : 0;
    }
    return made;
  }

  private ObjectNode unigram() {
    base();
    Map<String, Integer> counts = new HashMap<>();
    words.forEach(
        (word, count) -> {
          for (int from = 0; from < word.length(); from++) {
            for (int n = 1; n <= Math.min(LONGEST_PIECE, word.length() - from); n++) {
              counts.merge(word.substring(from, from + n), count, Integer::sum);
            }
          }
        });
    counts.entrySet().stream()
        .sorted(
            Map.Entry.<String, Integer>comparingByValue()
                .reversed()
                .thenComparing(Map.Entry.comparingByKey()))
        .map(Map.Entry::getKey)
        .filter(piece -> piece.chars().noneMatch(c -> Character.isSurrogate((char) c)))
        .limit(4 * MERGES)
        .forEach(piece -> entries.putIfAbsent(piece, entries.size()));
    double all = counts.values().stream().mapToInt(i -> i).sum();
    ObjectNode model = mapper.createObjectNode().put("type", "Unigram").put("unk_id", 0);
    ArrayNode vocabulary = model.put("byte_fallback", true).putArray("vocab");
    entries.forEach(
        (piece, id) ->
            vocabulary
                .addArray()
                .add(piece)
                .add(id < 3 + 256 ? 0 : Math.log(counts.getOrDefault(piece, 1) / all)));
    return model;
  }

  private static String sequence(String... steps) {
    return "{'type':'Sequence','normalizers':[" + String.join(",", steps) + "]}";
  }

  private static String metaspace(String scheme, boolean split) {
    return "{'type':'Metaspace','replacement':'▁','prepend_scheme':'"
        + scheme
        + "','split':"
        + split
        + "}";
  }
}

package dev.coppice.moe.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Splitter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * A small tokenizer in the manner of SentencePiece: blanks are part of words, and a decoder drops
 * the first. Ids: 0 {@code <unk>}, 1 {@code <s>}, 2 {@code </s>}, 3 to 258 bytes, then pieces, then
 * added tokens.
 */
public final class TinyTokenizers {
  /** The id of the first byte. */
  public static final int BYTES = 3;

  /** The id of the first piece. */
  public static final int PIECES = BYTES + 256;

  private static final List<String> WORDS =
      List.of("▁", "t", "h", "e", "c", "a", "▁t", "▁c", "he", "▁the", "at", "▁cat");

  /** The id of the first added token. */
  public static final int ADDED = PIECES + WORDS.size();

  private TinyTokenizers() {}

  /** The id of a piece such as {@code ▁cat}. */
  public static int piece(String word) {
    return PIECES + WORDS.indexOf(word);
  }

  /**
   * Writes a {@code tokenizer.json}.
   *
   * @param folder to write into
   * @param frame what stands around a text, such as {@code <s> $ </s>}
   * @param added special tokens beside those of the vocabulary
   */
  public static void sentencePiece(Path folder, String frame, String... added) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode().put("version", "1.0");
    root.putNull("truncation").putNull("padding");
    ArrayNode tokens = root.putArray("added_tokens");
    List<String> own = List.of("<unk>", "<s>", "</s>");
    own.forEach(token -> add(tokens, own.indexOf(token), token));
    for (int i = 0; i < added.length; i++) {
      add(tokens, ADDED + i, added[i]);
    }
    root.set("normalizer", sequence(mapper, "normalizers", NORMALIZERS));
    root.putNull("pre_tokenizer");
    root.set("post_processor", template(mapper, frame, List.of(added)));
    root.set("decoder", sequence(mapper, "decoders", DECODERS));
    root.set("model", model(mapper));
    mapper.writeValue(Files.createDirectories(folder).resolve("tokenizer.json").toFile(), root);
  }

  private static final String NORMALIZERS =
      """
      [{"type": "Prepend", "prepend": "▁"},
       {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]\
      """;

  private static final String DECODERS =
      """
      [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
       {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]\
      """;

  private static ObjectNode sequence(ObjectMapper mapper, String key, String steps)
      throws IOException {
    ObjectNode sequence = mapper.createObjectNode().put("type", "Sequence");
    sequence.set(key, mapper.readTree(steps));
    return sequence;
  }

  private static void add(ArrayNode tokens, int id, String content) {
    tokens
        .addObject()
        .put("id", id)
        .put("content", content)
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", true);
  }

  private static ObjectNode template(ObjectMapper mapper, String frame, List<String> added) {
    ObjectNode processor = mapper.createObjectNode().put("type", "TemplateProcessing");
    ArrayNode single = processor.putArray("single");
    ObjectNode special = mapper.createObjectNode();
    for (String part : Splitter.on(' ').split(frame)) {
      boolean text = part.equals("$");
      single
          .addObject()
          .putObject(text ? "Sequence" : "SpecialToken")
          .put("id", text ? "A" : part)
          .put("type_id", 0);
      if (!text) {
        int own = List.of("<unk>", "<s>", "</s>").indexOf(part);
        ObjectNode entry = special.putObject(part).put("id", part);
        entry.putArray("ids").add(own >= 0 ? own : ADDED + added.indexOf(part));
        entry.putArray("tokens").add(part);
      }
    }
    ArrayNode pair = processor.putArray("pair");
    pair.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
    pair.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
    processor.set("special_tokens", special);
    return processor;
  }

  private static ObjectNode model(ObjectMapper mapper) {
    ObjectNode model = mapper.createObjectNode().put("type", "BPE");
    model.putNull("dropout").put("unk_token", "<unk>").putNull("continuing_subword_prefix");
    model.putNull("end_of_word_suffix").put("fuse_unk", true).put("byte_fallback", true);
    ObjectNode vocabulary = model.putObject("vocab");
    vocabulary.put("<unk>", 0).put("<s>", 1).put("</s>", 2);
    for (int value = 0; value < 256; value++) {
      vocabulary.put(String.format(Locale.ROOT, "<0x%02X>", value), BYTES + value);
    }
    WORDS.forEach(word -> vocabulary.put(word, piece(word)));
    ArrayNode merges = model.putArray("merges");
    List.of("▁ t", "▁ c", "h e", "▁t he", "a t", "▁c at").forEach(merges::add);
    return model;
  }
}

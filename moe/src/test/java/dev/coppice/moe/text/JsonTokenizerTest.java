package dev.coppice.moe.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.primitives.ImmutableIntArray;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small byte-level BPE tokenizer, read as the checkpoints' own are. */
class JsonTokenizerTest {
  private static final int BYTES = 256;
  private static final int START = 256;
  private static final int HELL = 259;
  private static final int SPACE_W = 261;
  private static final int VOCABULARY = 262;

  @TempDir private Path folder;

  @Test
  void mergesAndSpecialTokensAreThoseOfTheFile() throws IOException {
    try (JsonTokenizer tokenizer = open(VOCABULARY)) {
      // "hell" is two merges of merges, " w" holds the space, the rest are bytes
      assertThat(tokenizer.encode("hello world"))
          .containsExactly(START, HELL, 'o', SPACE_W, 'o', 'r', 'l', 'd');
      assertThat(stream(tokenizer, "hello world").toArray())
          .containsExactly(HELL, 'o', SPACE_W, 'o', 'r', 'l', 'd');
      assertThat(tokenizer.decode(tokenizer.encode("hello world"))).isEqualTo("hello world");
      assertThat(tokenizer.decode(START, START)).isEmpty();
      assertThat(tokenizer.encode("")).containsExactly(START);
      assertThat(tokenizer.name()).isEqualTo("json");
      assertThat(tokenizer.vocabularySize()).isEqualTo(VOCABULARY);
    }
  }

  @Test
  void idsStandForTheBytesOfTheirText() throws IOException {
    try (JsonTokenizer tokenizer = open(VOCABULARY)) {
      assertThat(tokenizer.bytes(HELL)).isEqualTo(4);
      assertThat(tokenizer.bytes(SPACE_W)).isEqualTo(2);
      assertThat(tokenizer.bytes(START)).isZero();
      // each half of a letter of two bytes is one
      for (String text : List.of("hello world", "é", "a 中 b", "\uD83D\uDE00\n")) {
        int sum = stream(tokenizer, text).stream().map(tokenizer::bytes).sum();
        assertThat(sum).as(text).isEqualTo(text.getBytes(StandardCharsets.UTF_8).length);
      }
    }
  }

  @Test
  void textComesBack() throws IOException {
    try (JsonTokenizer tokenizer = open(VOCABULARY)) {
      for (String text :
          List.of(
              "hello",
              " leading and trailing ",
              "\n\n\ttabs\r\n",
              "Grüße, мир, 世界, مرحبا",
              "🌲🌳",
              "e\u0301",
              "a  b   c",
              "<s> is spelled out",
              "\u0000")) {
        if (!text.startsWith("<s>")) {
          assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
        }
        assertThat(tokenizer.decode(stream(tokenizer, text).toArray()))
            .isEqualTo(text.replace("<s>", ""));
      }
    }
  }

  @Test
  void longTextIsWholeWhateverTheFileSaysOfTruncation() throws IOException {
    String line = "hello world ".repeat(10_000);
    String lines = "hello world\n".repeat(12_000);
    try (JsonTokenizer tokenizer = open(VOCABULARY)) {
      assertThat(tokenizer.encode(line)).hasSize(1 + 8 * 10_000);
      assertThat(tokenizer.decode(tokenizer.encode(line))).isEqualTo(line);
      assertThat(tokenizer.decode(stream(tokenizer, line).toArray())).isEqualTo(line);
      assertThat(tokenizer.decode(stream(tokenizer, lines).toArray())).isEqualTo(lines);
    }
  }

  /**
   * Pieces of a long document end where a line does, so that they are the document's own tokens.
   */
  @Test
  void piecesGiveTheTokensOfTheWhole() throws IOException {
    String lines = "hello wellworth hells\n".repeat(9_000);
    try (JsonTokenizer tokenizer = open(VOCABULARY)) {
      int[] whole = tokenizer.encode(lines);
      assertThat(stream(tokenizer, lines).toArray())
          .containsExactly(IntStream.of(whole).skip(1).toArray());
    }
  }

  @Test
  void idsBeyondTheVocabularyAreRefused() throws IOException {
    try (JsonTokenizer tokenizer = open(SPACE_W)) {
      assertThat(stream(tokenizer, "hello").toArray()).containsExactly(HELL, 'o');
      assertThatThrownBy(() -> tokenizer.encode("hello world"))
          .isInstanceOf(CoppiceException.class)
          .hasMessage(
              "token id must be below the model's vocabulary of 261, got 261 (tokenizer.json)");
      assertThatThrownBy(() -> stream(tokenizer, "hello world"))
          .isInstanceOf(CoppiceException.class);
    }
  }

  @Test
  void filesThatAreNoTokenizerAreRefused() throws IOException {
    for (String text : List.of("", "{}", "{\"model\": 3}", "[", "\u0000")) {
      Path file = Files.writeString(folder.resolve("tokenizer.json"), text);
      assertThatThrownBy(() -> JsonTokenizer.open(file, 9))
          .as(text)
          .isInstanceOf(CoppiceException.class)
          .hasMessageStartingWith("tokenizer must be one that the tokenizers library reads, got ")
          .hasMessageContaining("tokenizer.json)")
          .extracting(e -> ((CoppiceException) e).kind())
          .isEqualTo(ErrorKind.INPUT_INVALID);
    }
  }

  @Test
  void aFolderSaysWhichTokenizerItHas() throws IOException {
    assertThatThrownBy(() -> Tokenizers.of(folder, 53))
        .isInstanceOf(CoppiceException.class)
        .hasMessageStartingWith(
            "checkpoint must have a tokenizer.json to read text, got none and a vocabulary of 53");
    try (Tokenizer bytes = Tokenizers.of(folder, BYTES)) {
      assertThat(bytes.name()).isEqualTo("byte");
      assertThat(bytes.decode(bytes.encode("Grüße 🌲"))).isEqualTo("Grüße 🌲");
    }
    write();
    try (Tokenizer own = Tokenizers.of(folder, BYTES)) {
      assertThat(own.name()).isEqualTo("json");
    }
  }

  private JsonTokenizer open(int vocabulary) throws IOException {
    return JsonTokenizer.open(write(), vocabulary);
  }

  private static ImmutableIntArray stream(Tokenizer tokenizer, String text) throws IOException {
    ImmutableIntArray.Builder ids = ImmutableIntArray.builder();
    tokenizer.encode(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), ids::add);
    return ids.build();
  }

  /** Id b is byte b; then the start, and what merges make. */
  private Path write() throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode().put("version", "1.0");
    root.putObject("truncation")
        .put("direction", "Right")
        .put("max_length", 8)
        .put("strategy", "LongestFirst")
        .put("stride", 0);
    root.putObject("padding")
        .put("direction", "Right")
        .put("pad_id", 0)
        .put("pad_type_id", 0)
        .put("pad_token", "!")
        .putNull("pad_to_multiple_of")
        .putObject("strategy")
        .put("Fixed", 16);
    root.putArray("added_tokens")
        .addObject()
        .put("id", START)
        .put("content", "<s>")
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", true);
    root.putNull("normalizer");
    root.set("pre_tokenizer", byteLevel(mapper));
    root.set("post_processor", start(mapper));
    root.set("decoder", byteLevel(mapper));
    ObjectNode model = root.putObject("model").put("type", "BPE");
    model.putNull("dropout").putNull("unk_token").putNull("continuing_subword_prefix");
    model.putNull("end_of_word_suffix").put("fuse_unk", false).put("byte_fallback", false);
    ObjectNode vocabulary = model.putObject("vocab");
    IntStream.range(0, BYTES).forEach(value -> vocabulary.put(letter(value), value));
    vocabulary.put("<s>", START).put("he", 257).put("ll", 258).put("hell", HELL);
    vocabulary.put("or", 260).put("Ġw", SPACE_W);
    model.putArray("merges").add("h e").add("l l").add("he ll").add("Ġ w");
    Path file = folder.resolve("tokenizer.json");
    mapper.writeValue(file.toFile(), root);
    return file;
  }

  private static ObjectNode byteLevel(ObjectMapper mapper) {
    return mapper
        .createObjectNode()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", true);
  }

  private static ObjectNode start(ObjectMapper mapper) {
    ObjectNode processor = mapper.createObjectNode().put("type", "TemplateProcessing");
    for (String kind : List.of("single", "pair")) {
      var pieces = processor.putArray(kind);
      pieces.addObject().putObject("SpecialToken").put("id", "<s>").put("type_id", 0);
      pieces.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
      if (kind.equals("pair")) {
        pieces.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
      }
    }
    ObjectNode special = processor.putObject("special_tokens").putObject("<s>").put("id", "<s>");
    special.putArray("ids").add(START);
    special.putArray("tokens").add("<s>");
    return processor;
  }

  /** How GPT-2's vocabularies write a byte: printable ones as they are, others from U+0100 on. */
  private static String letter(int value) {
    int hidden = 0;
    for (int other = 0; other < value; other++) {
      hidden += printable(other) ? 0 : 1;
    }
    return Character.toString(printable(value) ? value : BYTES + hidden);
  }

  private static boolean printable(int value) {
    return (value >= '!' && value <= '~')
        || (value >= 0xa1 && value <= 0xac)
        || (value >= 0xae && value <= 0xff);
  }
}

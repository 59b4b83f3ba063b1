package dev.coppice.moe.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.primitives.Ints;
import dev.coppice.moe.testing.BytePairTraining;
import dev.coppice.moe.testing.SentencePieceTraining;
import dev.coppice.moe.testing.SentencePieceTraining.Added;
import dev.coppice.moe.testing.SentencePieceTraining.Style;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** The judge is the library on the whole text, wherever a tokenizer allows to cut it. */
class SplittingPropertyTest {
  private static final Added[] PLAIN = {};

  /** Newlines, blanks and neighbours that an added token may take in. */
  private static final Added[] ADDED = {
    new Added("\n\n"),
    new Added("a\nThe"),
    new Added("end\r\n", "single_word"),
    new Added("x\r"),
    new Added("The", "lstrip"),
    new Added("sat", "rstrip"),
    new Added("<|x|>", "special", "lstrip", "rstrip"),
    new Added("cat", "single_word"),
    new Added("two words"),
    new Added(";\n", "single_word"),
    new Added("<b>", "normalized"),
    new Added("<|\n|>", "special"),
  };

  private static final Map<String, JsonTokenizer> TOKENIZERS = new LinkedHashMap<>();
  private static final StringBuilder SOURCES = new StringBuilder();

  @BeforeContainer
  static void train() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/main/java/dev/coppice/moe/text"))) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        SOURCES.append(Files.readString(file));
      }
    }
    SOURCES.append("The cat sat; end\r\n\r\nGrüße, мир, 世界\nNext\n\n\n");
    String corpus = SOURCES.substring(SOURCES.length() - 20_000);
    Path file = Files.createTempFile("tokenizer", ".json");
    for (Style style : Style.values()) {
      for (Added[] added : List.of(PLAIN, ADDED)) {
        int ids = SentencePieceTraining.write(file, corpus, style, added);
        String name = style + (added.length == 0 ? "" : " with added tokens");
        TOKENIZERS.put(name, JsonTokenizer.open(file, ids));
      }
    }
    for (BytePairTraining.Style style :
        List.of(
            BytePairTraining.Style.GPT2,
            BytePairTraining.Style.LLAMA3,
            BytePairTraining.Style.QWEN2,
            BytePairTraining.Style.BLANK_FIRST)) {
      int ids = BytePairTraining.write(file, corpus, 300, style);
      TOKENIZERS.put("" + style, JsonTokenizer.open(file, ids));
      add(file, ids);
      TOKENIZERS.put(style + " with added tokens", JsonTokenizer.open(file, ids + ADDED.length));
    }
    Files.delete(file);
  }

  private static void add(Path file, int ids) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode json = (ObjectNode) mapper.readTree(file.toFile());
    for (int i = 0; i < ADDED.length; i++) {
      SentencePieceTraining.token((ArrayNode) json.get("added_tokens"), ids + i, ADDED[i]);
    }
    mapper.writeValue(file.toFile(), json);
  }

  @AfterContainer
  static void close() {
    TOKENIZERS.values().forEach(JsonTokenizer::close);
    TOKENIZERS.clear();
    SOURCES.setLength(0);
  }

  @Provide
  Arbitrary<String> names() {
    return Arbitraries.of(TOKENIZERS.keySet());
  }

  @Provide
  Arbitrary<String> texts() {
    Arbitrary<String> parts =
        Arbitraries.of(
            " ",
            " ",
            "  ",
            "\n",
            "\n",
            "\n\n",
            "\t",
            "\r\n",
            "\r",
            "a",
            "x",
            "The",
            "end",
            "sat",
            "cat",
            "two",
            "words",
            "two words",
            "public static",
            " final",
            "return",
            ";",
            "; ",
            "{}",
            "'s",
            "2024",
            "é",
            "e\u0301",
            "ſ",
            "мир",
            "世界",
            "ﬁ",
            "½",
            "🌲",
            "👩🏽‍💻",
            "❤️",
            "\u0301",
            "\u00a0",
            "\u3000",
            "\u2028",
            "\u0085",
            "\u000b",
            "\u200b",
            "\ufeff",
            "\u0600",
            "▁",
            " ▁",
            "<s>",
            "</s>",
            "<unk>",
            "<|x|>",
            "<b>",
            "<|",
            "|>",
            "A\nB",
            "a b",
            "b a",
            "x y z",
            "The cat sat",
            "\n  ",
            "\n a",
            "\nThe",
            "sat\n",
            "sat ");
    Arbitrary<String> characters = Arbitraries.strings().all().ofMaxLength(3);
    return Arbitraries.frequencyOf(Tuple.of(15, parts), Tuple.of(1, characters))
        .list()
        .ofMinSize(2)
        .ofMaxSize(40)
        .map(list -> String.join("", list))
        .map(text -> new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8));
  }

  @Property(tries = 4000)
  void piecesHaveTheIdsOfTheWhole(
      @ForAll("names") String name, @ForAll("texts") String text, @ForAll Random random) {
    JsonTokenizer tokenizer = TOKENIZERS.get(name);
    List<String> pieces = pieces(text, tokenizer.cuts(), random);
    assertThat(joined(tokenizer, pieces))
        .as("%s: %s", name, pieces)
        .isEqualTo(tokenizer.slow(text));
  }

  /**
   * Some of the cuts that are allowed; often no more than a few characters behind them is known.
   */
  private static List<String> pieces(String text, TextPieces.Cuts cuts, Random random) {
    int share = 1 + random.nextInt(4);
    char[] rest = text.toCharArray();
    List<String> pieces = new ArrayList<>();
    int from = 0;
    for (int at = 1; at < rest.length; at++) {
      int to = Math.min(rest.length, at + 1 + random.nextInt(rest.length));
      char[] known = text.substring(from, to).toCharArray();
      if (at > from && random.nextInt(share) == 0 && cuts.allows(known, at - from, known.length)) {
        pieces.add(text.substring(from, at));
        from = at;
      }
    }
    pieces.add(text.substring(from));
    return pieces;
  }

  private static int[] joined(JsonTokenizer tokenizer, List<String> pieces) {
    int[] ids = tokenizer.encodePiece(pieces.get(0));
    for (String piece : pieces.subList(1, pieces.size())) {
      ids = Ints.concat(ids, tokenizer.encodeLaterPiece(piece));
    }
    return ids;
  }

  /** One call of the library takes memory by the length of its text. */
  @Example
  void piecesOfALongTextAreShort() throws IOException {
    String text = SOURCES.toString().repeat(3);
    for (Map.Entry<String, JsonTokenizer> each : TOKENIZERS.entrySet()) {
      if (!isUncut(each.getKey()) && !each.getKey().contains("added")) {
        TextPieces pieces = new TextPieces(new StringReader(text), each.getValue().cuts());
        for (Optional<String> p = pieces.next(); p.isPresent(); p = pieces.next()) {
          assertThat(p.get().length()).as(each.getKey()).isLessThan(1 << 16);
        }
      }
    }
  }

  @Example
  void itsOwnSourcesAreReadAsTheLibraryReadsThem() throws IOException {
    for (Map.Entry<String, JsonTokenizer> each : TOKENIZERS.entrySet()) {
      assertThat(streamed(each.getValue(), SOURCES.toString()))
          .as(each.getKey())
          .isEqualTo(each.getValue().slow(SOURCES.toString()));
    }
  }

  private static int[] streamed(JsonTokenizer tokenizer, String text) throws IOException {
    List<Integer> ids = new ArrayList<>();
    tokenizer.encode(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), ids::add);
    return Ints.toArray(ids);
  }

  /** The rounding of a whole text's sum decides between equals; no cut is sure. */
  @Example
  void onlyTokenizersWithoutASureCutReadDocumentsWhole() {
    for (Map.Entry<String, JsonTokenizer> each : TOKENIZERS.entrySet()) {
      assertThat(each.getValue().cuts().equals(TextPieces.Cuts.NOWHERE))
          .as(each.getKey())
          .isEqualTo(isUncut(each.getKey()));
      assertThat(each.getValue().memoryPerByte() == 0)
          .as(each.getKey())
          .isEqualTo(each.getValue().isFast());
    }
  }

  private static boolean isUncut(String name) {
    return name.startsWith("UNIGRAM_WHOLE") || name.matches("SPANNING( .*)?");
  }

  @Example
  void anAddedTokenWithANewlineIsWholeAtEveryBorderOfPieces() throws IOException {
    JsonTokenizer tokenizer = TOKENIZERS.get("GPT2 with added tokens");
    int token = tokenizer.idOf("a\nThe").orElseThrow();
    StringBuilder text = new StringBuilder("it is ");
    while (text.length() < 200_000) {
      text.append("a\nThe ");
    }
    assertThat(streamed(tokenizer, text.toString()))
        .isEqualTo(tokenizer.slow(text.toString()))
        .contains(token);
  }
}

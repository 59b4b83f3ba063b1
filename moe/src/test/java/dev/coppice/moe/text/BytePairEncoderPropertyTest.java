package dev.coppice.moe.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.primitives.ImmutableIntArray;
import com.google.common.primitives.Ints;
import dev.coppice.moe.testing.BytePairTraining;
import dev.coppice.moe.testing.BytePairTraining.Style;
import dev.coppice.moe.text.bpe.StableCharacters;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** The judge is the library: what the fast way makes must be its ids, whatever the text. */
class BytePairEncoderPropertyTest {
  private static final Map<Style, JsonTokenizer> TOKENIZERS = new EnumMap<>(Style.class);
  private static final StringBuilder SOURCES = new StringBuilder();

  @BeforeContainer
  static void train() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/main/java/dev/coppice/moe/text"))) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        SOURCES.append(Files.readString(file));
      }
    }
    Path file = Files.createTempFile("tokenizer", ".json");
    for (Style style : Style.values()) {
      int ids = BytePairTraining.write(file, SOURCES.toString(), 1000, style);
      TOKENIZERS.put(style, JsonTokenizer.open(file, ids));
    }
    Files.delete(file);
  }

  @AfterContainer
  static void close() {
    TOKENIZERS.values().forEach(JsonTokenizer::close);
    TOKENIZERS.clear();
    SOURCES.setLength(0);
  }

  @Provide
  Arbitrary<String> texts() {
    Arbitrary<String> words =
        Arbitraries.of(
            " ",
            "  ",
            "\n",
            "\n\n",
            "\t",
            "\r\n",
            "ab\r\n",
            "Z\r\n\r\n",
            "\r",
            "a",
            "The",
            "don't",
            "'LL",
            "'",
            "x1",
            "2024",
            "0",
            ";",
            "{}",
            "//",
            "!?",
            "é",
            "e\u0301",
            "ß",
            "ſ",
            "'ſ",
            "мир",
            "世界",
            "こんにちは",
            "HTTPServer",
            "ÉtéÉTÉ",
            "สวัสดี",
            "नमस्ते",
            "שָׁלוֹם",
            "؟مرحبا",
            "™",
            "👩🏽‍💻",
            "❤️",
            "🚨🚨",
            "。",
            "½",
            "٣",
            "“",
            "…",
            "\u00a0",
            "\u3000",
            "\u2028",
            "\u0085",
            "\u000b",
            "🌲",
            "\u200b",
            "\ufeff",
            "\u0000",
            "return",
            " a b",
            " word",
            " public static",
            BytePairTraining.END);
    Arbitrary<String> characters = Arbitraries.strings().all().ofMaxLength(3);
    return Arbitraries.frequencyOf(
            net.jqwik.api.Tuple.of(12, words), net.jqwik.api.Tuple.of(1, characters))
        .list()
        .ofMaxSize(40)
        .map(parts -> String.join("", parts));
  }

  @Property(tries = 400)
  void idsAreTheLibrarysWhateverTheText(@ForAll("texts") String text, @ForAll Style style) {
    JsonTokenizer tokenizer = TOKENIZERS.get(style);
    assertThat(tokenizer.encodePiece(text)).isEqualTo(tokenizer.slow(text));
  }

  @Property(tries = 400)
  void cuttingWhereItIsAllowedChangesNothing(@ForAll("texts") String text, @ForAll Style style) {
    JsonTokenizer tokenizer = TOKENIZERS.get(style);
    char[] characters = text.toCharArray();
    int cut = TextPieces.lastCut(characters, 1, characters.length, tokenizer.cuts());
    int[] later = cut == 0 ? tokenizer.slow(text) : tokenizer.encodeLaterPiece(text.substring(cut));
    assertThat(Ints.concat(tokenizer.slow(text.substring(0, cut)), later))
        .isEqualTo(tokenizer.slow(text));
  }

  /** Each beside letters, itself, a blank and a digit; ideographs and syllables only in a row. */
  @Example
  void everyCharacterThatIsReadHereIsReadAsTheLibraryReadsIt() {
    List<String> lines = new ArrayList<>();
    StringBuilder row = new StringBuilder();
    for (int c : StableCharacters.all().toArray()) {
      row.appendCodePoint(c);
      if (!Character.isIdeographic(c) && !isHangul(c)) {
        row.append("a").appendCodePoint(c).appendCodePoint(c).append(" ").appendCodePoint(c);
        row.append("1'").append("A ");
      }
      if (c % 32 == 0) {
        lines.add(row.append("b").toString());
        row.setLength(0);
      }
    }
    for (Map.Entry<Style, JsonTokenizer> each : TOKENIZERS.entrySet()) {
      JsonTokenizer tokenizer = each.getValue();
      for (String line : lines) {
        assertThat(tokenizer.encodePiece(line))
            .as("%s: %s", each.getKey(), line)
            .isEqualTo(tokenizer.slow(line));
      }
    }
  }

  private static boolean isHangul(int c) {
    return Character.UnicodeScript.of(c) == Character.UnicodeScript.HANGUL;
  }

  @Example
  void aLoneSurrogateIsAQuestionMarkAndHarmsNothingElse() {
    for (JsonTokenizer tokenizer : TOKENIZERS.values()) {
      assertThat(tokenizer.encodePiece("🌲\uD83C a 🌲")).isEqualTo(tokenizer.slow("🌲? a 🌲"));
      assertThat(tokenizer.encode("🌲\uD83C a 🌲")).isEqualTo(tokenizer.encode("🌲? a 🌲"));
    }
  }

  @Example
  void linesOfEitherKindAreParted() {
    String text = "to be read\r\n  in parts;\r\nor not";
    int cut = TextPieces.lastCut(text.toCharArray(), 1, text.length(), TextPieces.Cuts.AT_LINES);
    assertThat(text.substring(cut)).isEqualTo("\r\n  in parts;\r\nor not");
    String other = "to be read\n  in parts;\nor not";
    int place =
        TextPieces.lastCut(other.toCharArray(), 1, other.length(), TextPieces.Cuts.AT_LINES);
    assertThat(other.substring(place)).isEqualTo("or not");
  }

  @Example
  void itsOwnSourcesAreReadAsTheLibraryReadsThem() throws IOException {
    for (JsonTokenizer tokenizer : TOKENIZERS.values()) {
      int[] whole = tokenizer.slow(SOURCES.toString());
      assertThat(tokenizer.encodePiece(SOURCES.toString())).isEqualTo(whole);
      ImmutableIntArray.Builder streamed = ImmutableIntArray.builder();
      tokenizer.encode(
          new ByteArrayInputStream(SOURCES.toString().getBytes(StandardCharsets.UTF_8)),
          streamed::add);
      assertThat(streamed.build().toArray()).isEqualTo(whole);
    }
  }

  @Example
  void tokenizersOfTheUsualKindAreFastAndAllMayBeCut() {
    for (Style style : EnumSet.complementOf(EnumSet.of(Style.BLANK_FIRST))) {
      assertThat(TOKENIZERS.get(style).isFast()).as("%s", style).isTrue();
      assertThat(TOKENIZERS.get(style).cuts()).isEqualTo(TextPieces.Cuts.AT_LINES);
    }
    assertThat(TOKENIZERS.get(Style.BLANK_FIRST).isFast()).isFalse();
    assertThat(TOKENIZERS.get(Style.BLANK_FIRST).cuts()).isNotEqualTo(TextPieces.Cuts.NOWHERE);
  }
}

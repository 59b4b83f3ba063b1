package dev.coppice.train.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.io.CharStreams;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.data.DataTestBase;
import dev.coppice.train.data.TrainingData;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.data.token.TokenSequence;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

/** Lines of JSON, through the preparation of data. */
class JsonLineTextsTest extends DataTestBase {
  @Test
  void linesOfJsonAreDocuments() throws IOException {
    Path plain =
        Files.writeString(
            folder.resolve("a.jsonl"),
            "{\"id\": [1, {\"text\": 2}], \"text\": \"one\\nline\"}\n\n"
                + "{\"text\": \"\"}\n{\"text\": \"zwei \\u00fc \\ud800\", \"n\": null}");
    Path zipped = folder.resolve("b.Jsonl.GZ");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(zipped))) {
      out.write("{\"text\": \"three\"}\r\n".repeat(2).getBytes(StandardCharsets.UTF_8));
    }
    try (TrainingData data =
        prepare(Optional.of(cache), Optional.empty(), path(plain), path(zipped))) {
      TokenSequence tokens = TokenFile.open(data.path());
      assertThat(new String(bytes(tokens), StandardCharsets.UTF_8))
          .isEqualTo("one\nlinezwei ü ?threethree");
      assertThat(tokens.documentCount()).isEqualTo(4);
      assertThat(tokens.documentStart(1)).isEqualTo(8);
      assertThat(tokens.documentKey(2)).isEqualTo(tokens.documentKey(3));
    }
  }

  @Test
  void theFieldThatIsNamedIsRead() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("a.jsonl"),
            "{\"text\": \"a\", \"body\": \"b\"}\n{\"body\": \"c\", \"text\": \"d\"}");
    try (TextSource source =
        new JsonLineTexts(List.of(DataItem.of(file, Files.size(file))), "body")) {
      assertThat(CharStreams.toString(source.next().orElseThrow().text())).isEqualTo("b");
      assertThat(CharStreams.toString(source.next().orElseThrow().text())).isEqualTo("c");
      assertThat(source.next()).isEmpty();
    }
  }

  @Test
  void badLinesAreNamed() throws IOException {
    Path file = folder.resolve("a.jsonl");
    String good = "{\"text\": \"a\"}\n";
    bad(file, good + "{\"txt\": \"a\"}", "line must have the field \"text\", got none", 2);
    bad(file, "\n" + good + "[1]", "line must be a JSON object, got a list", 3);
    bad(file, good + "{\"text\": 7}", "field \"text\" must be a string, got a number", 2);
    bad(file, good + "{\"text\": NaN}", "field \"text\" must be a string, got a number", 2);
    bad(file, good + "{\"text\": null}", "field \"text\" must be a string, got null", 2);
    bad(file, good + "{\"text\": \"a\"} {", "line must end with its JSON object, got an object", 2);
    bad(file, "{\"text\": \"a", "line must be a whole JSON object, got one that ends early", 1);
    bad(
        file,
        "{\"text\": \"a\", 'b': 1}",
        "line must be a JSON object, got ''b': 1}' at byte 14",
        1);
    String twice = "{\"text\": \"a\", \"text\": \"b\"}";
    bad(file, twice, "line must have the field \"text\" once, got it again", 1);
    String deep = "{\"a\": " + "[".repeat(20_000) + "]".repeat(20_000) + ", \"text\": \"a\"}";
    bad(file, deep, "line must nest at most 10000 values in one another, got more", 1);
  }

  @Test
  void otherFieldsMayHoldAnything() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("a.jsonl"),
            "{\"p\": NaN, \"q\": [Infinity, -Infinity], \"n\": "
                + "9".repeat(5000)
                + ", \"k\": {\"a\": 1, \"a\": 2}, \"d\": 1, \"d\": 2, \""
                + "k".repeat(60_000)
                + "\": \"\", \"deep\": "
                + "[".repeat(5000)
                + "]".repeat(5000)
                + ", \"text\": \"a\"}");
    try (TextSource source =
        new JsonLineTexts(List.of(DataItem.of(file, Files.size(file))), "text")) {
      assertThat(CharStreams.toString(source.next().orElseThrow().text())).isEqualTo("a");
    }
  }

  @Test
  void aTextMayBeLong() throws IOException {
    int words = 5_000_000;
    Path file =
        Files.writeString(
            folder.resolve("a.jsonl"), "{\"text\": \"" + "word ".repeat(words) + "\"}\n");
    try (TextSource source =
        new JsonLineTexts(List.of(DataItem.of(file, Files.size(file))), "text")) {
      TextSource.OpenDocument document = source.next().orElseThrow();
      assertThat(CharStreams.exhaust(document.text())).isEqualTo(5L * words);
      assertThat(source.next()).isEmpty();
    }
  }

  private void bad(Path file, String text, String rule, int line) throws IOException {
    Files.writeString(file, text);
    assertThatThrownBy(() -> prepare(Optional.of(cache), Optional.empty(), path(file)))
        .isInstanceOf(CoppiceException.class)
        .hasMessageStartingWith(rule)
        .hasMessageEndingWith(" (" + file + ", line " + line + ")");
    assertThat(run).doesNotExist();
  }

  @Test
  void aLineThatIsTooLongIsNamed() throws IOException {
    String good = "{\"text\": \"" + "a".repeat(200_000) + "\"}";
    Path file = Files.writeString(folder.resolve("a.jsonl"), good + "\r\n\n" + good);
    int bytes = good.length() + 1;
    for (int least : List.of(bytes - 1, 1000, 0)) {
      try (TextSource source =
          new JsonLineTexts(List.of(DataItem.of(file, Files.size(file))), "text", least)) {
        assertThatThrownBy(source::next)
            .isInstanceOfSatisfying(
                CoppiceException.class,
                e -> assertThat(e.kind()).isEqualTo(ErrorKind.INPUT_INVALID))
            .hasMessage(
                "line must be at most " + least + " bytes, got more (" + file + ", line 1)");
      }
    }
    Files.writeString(file, good + "\n\n" + good + " ");
    try (TextSource source =
        new JsonLineTexts(List.of(DataItem.of(file, Files.size(file))), "text", bytes - 1)) {
      assertThat(source.next()).isPresent();
      assertThatThrownBy(source::next)
          .hasMessage(
              "line must be at most " + (bytes - 1) + " bytes, got more (" + file + ", line 3)");
    }
    try (TextSource source =
        new JsonLineTexts(List.of(DataItem.of(file, Files.size(file))), "text", bytes)) {
      assertThat(source.next()).isPresent();
      assertThat(source.next()).isPresent();
      assertThat(source.next()).isEmpty();
    }
  }

  @Test
  void aCutArchiveIsRefused() throws IOException {
    Path file = folder.resolve("a.jsonl.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write("{\"text\": \"three\"}\n".repeat(99).getBytes(StandardCharsets.UTF_8));
    }
    Files.write(file, Arrays.copyOf(Files.readAllBytes(file), (int) Files.size(file) - 9));
    assertThatThrownBy(() -> prepare(Optional.of(cache), Optional.empty(), path(file)))
        .isInstanceOf(CoppiceException.class)
        .hasMessageContaining("file must be whole gzip, got an early end behind the first ")
        .hasMessageEndingWith(" unpacked bytes (" + file + ")");
  }
}

package dev.coppice.train.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.io.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs whose data is not where it was. */
class LostDataTest extends TrainedRuns {
  @ParameterizedTest
  @ValueSource(strings = {"recorded", "given", "moved", "another cache", "moved cache"})
  void aRunGoesOnToTheSameBitsWithoutItsCache(String how) throws IOException {
    trainBoth("--data", lines);
    Path elsewhere = folder.resolve("elsewhere");
    Outcome resumed =
        switch (how) {
          case "moved cache" -> {
            Files.move(cache, elsewhere);
            Files.delete(lines);
            yield resume(cut, "--cache", elsewhere);
          }
          case "moved" -> {
            Folders.delete(cache);
            Files.move(lines, elsewhere.resolveSibling("moved.jsonl"));
            yield resume(cut, "--cache", cache, "--data", elsewhere.resolveSibling("moved.jsonl"));
          }
          case "given" -> {
            Folders.delete(cache);
            yield resume(cut, "--cache", cache, "--data", lines);
          }
          case "another cache" -> {
            Folders.delete(cache);
            Outcome made = resume(cut, "--cache", elsewhere);
            assertThat(elsewhere.resolve("tokens")).isNotEmptyDirectory();
            assertThat(cache).doesNotExist();
            yield made;
          }
          default -> {
            Folders.delete(cache);
            yield resume(cut, "--cache", cache);
          }
        };
    assertThat(resumed).isEqualTo(new Outcome(0, ""));
    assertSame();
    assertThat(resume(cut)).as("the run knows where its data is now").isEqualTo(new Outcome(0, ""));
  }

  @Test
  void aMixtureWithHeldOutTextIsMadeAnewToo() throws IOException {
    Path texts = Files.createDirectories(folder.resolve("texts"));
    for (int i = 0; i < 20; i++) {
      Files.writeString(texts.resolve(i + ".txt"), ("the cat " + i + " ate\n").repeat(9));
    }
    trainBoth("--data", lines + "=3", texts + "=1", "--held-out", 0.2, "--eval-every", 2);
    Folders.delete(cache);
    Folders.delete(cut.resolve("data"));
    assertThat(resume(cut, "--cache", cache)).isEqualTo(new Outcome(0, ""));
    assertSame();
    assertThat(cut.resolve("data/held-out.tokens"))
        .hasSameBinaryContentAs(whole.resolve("data/held-out.tokens"));
  }

  @Test
  void tokensThatLayInTheRunAreMadeAnew() throws IOException {
    trainBoth("--data", lines, "--no-cache", "--special-tokens", "text", "--document-start", "2");
    Folders.delete(cut.resolve("data"));
    assertThat(resume(cut, "--no-cache")).isEqualTo(new Outcome(0, ""));
    assertSame();
  }

  @Test
  void whatHasChangedOrIsGoneIsNamedAsItWasGiven() throws IOException {
    trainBoth("--data", lines);
    Folders.delete(cache);
    Files.writeString(lines, "{\"text\": \"other\"}\n".repeat(99));
    Outcome changed = resume(cut, "--cache", cache);
    assertThat(changed.code()).isEqualTo(4);
    assertThat(changed.err())
        .startsWith("coppice: data must be that of the run, got a changed file: " + lines)
        .hasLineCount(1)
        .doesNotContain(cache.toString());
    Files.delete(lines);
    Outcome gone = resume(cut, "--cache", cache);
    assertThat(gone.code()).isEqualTo(3);
    assertThat(gone.err())
        .startsWith("coppice: data of the run must be there, got none at " + lines)
        .hasLineCount(1);
    Path other = Files.writeString(folder.resolve("x.jsonl"), "{\"text\": \"the\"}\n".repeat(99));
    Outcome another = resume(cut, "--cache", cache, "--data", other);
    assertThat(another.code()).isEqualTo(4);
    assertThat(another.err()).contains("got another file: " + other);
  }

  @Test
  void tokenFilesThatAreGoneOrMovedAreNamedOrFound() throws IOException {
    Path tokens = Files.write(folder.resolve("a.bin"), "\1\0\2\0".repeat(1000).getBytes(UTF_8));
    trainBoth("--data", tokens, "--bin-width", 2);
    Path moved = Files.move(tokens, folder.resolve("b.bin"));
    Outcome gone = resume(cut);
    assertThat(gone.code()).isEqualTo(3);
    assertThat(gone.err())
        .isEqualTo(
            "coppice: data of the run must be there, got none at "
                + tokens
                + "; --data names another place"
                + System.lineSeparator());
    assertThat(resume(cut, "--data", moved, "--cache", cache)).isEqualTo(new Outcome(0, ""));
    assertSame();
  }

  @Test
  void runsThatRecordedNoSourcesTakeThemFromTheCommandLine() throws IOException {
    trainBoth("--data", lines, "--document-start", "none");
    forgetSources(cut.resolve("run.json"));
    Folders.delete(cache);
    Outcome lost = resume(cut, "--cache", cache);
    assertThat(lost.code()).isEqualTo(3);
    assertThat(lost.err()).contains("run.json names no sources: give --data again (" + cut + ")");
    assertThat(resume(cut, "--cache", cache, "--data", lines)).isEqualTo(new Outcome(0, ""));
    assertSame();
  }

  private static void forgetSources(Path file) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    JsonNode json = mapper.readTree(file.toFile());
    ((ObjectNode) json.path("data")).remove("read");
    mapper.writeValue(file.toFile(), json);
  }

  @Test
  void documentsBeginAsTheTokenizerBeginsTexts() throws IOException {
    assertThat(train(whole, "--data", lines)).isEqualTo(new Outcome(0, ""));
    try (Stream<Path> entries = Files.walk(cache.resolve("tokens"))) {
      Path made = entries.filter(path -> path.endsWith("text.tokens")).findFirst().orElseThrow();
      byte[] bytes = Files.readAllBytes(made);
      assertThat(bytes[64]).isEqualTo((byte) 1);
    }
  }

  @Test
  void faultsOfDataNameWhatWasGivenAndNoCache() throws IOException {
    Path little = Files.writeString(folder.resolve("little.jsonl"), "{\"text\": \"the cat\"}");
    Path empty = Files.writeString(folder.resolve("empty.jsonl"), "{\"text\": \"\"}\n");
    assertRefused(train(whole, "--data", little), "tokens for one window, got 3 (" + little + ")");
    assertRefused(train(whole, "--data", empty, "--document-start", "none"), "must hold a token");
    assertRefused(
        train(whole, "--data", little, "--held-out", 0.5),
        "at least 17 tokens for one window, got 1 (" + little + ")");
  }

  private void assertRefused(Outcome outcome, String message) {
    assertThat(outcome.code()).isEqualTo(3);
    assertThat(outcome.err())
        .contains(message)
        .hasLineCount(1)
        .doesNotContain(cache.toString())
        .doesNotContain(".making");
  }
}

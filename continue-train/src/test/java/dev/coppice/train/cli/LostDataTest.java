package dev.coppice.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.cli.Coppice;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.TinyCheckpoints;
import dev.coppice.moe.testing.TinyTokenizers;
import dev.coppice.train.Folders;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Runs whose data is not where it was. */
class LostDataTest {
  @TempDir private Path folder;
  private Path checkpoint;
  private Path lines;
  private Path cache;
  private Path whole;
  private Path cut;

  private record Outcome(int code, String err) {}

  private static Outcome coppice(List<?> arguments) {
    StringWriter err = new StringWriter();
    CommandLine line = Coppice.commandLine();
    line.setOut(new PrintWriter(new StringWriter())).setErr(new PrintWriter(err));
    int code = line.execute(arguments.stream().map(Object::toString).toArray(String[]::new));
    return new Outcome(code, err.toString());
  }

  @BeforeEach
  void makeInputs() throws IOException {
    checkpoint = folder.resolve("ckpt");
    TinyCheckpoints.write(
        checkpoint,
        new MoeSpec(
            "mixtral",
            TinyTokenizers.ADDED,
            8,
            GroupedAttention.plain(2, 1, 4, false, 10_000),
            new RouterSpec(true),
            ImmutableList.of(new LayerSpec.Moe(2, 1, 8)),
            1e-6,
            false,
            64),
        Dtype.F32,
        1);
    TinyTokenizers.sentencePiece(checkpoint, "<s> $ </s>");
    lines = folder.resolve("good.jsonl");
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      text.append("{\"text\": \"the cat ").append(i).append(" at the tee\"}\n");
    }
    Files.writeString(lines, text);
    cache = folder.resolve("cache");
    whole = folder.resolve("whole");
    cut = folder.resolve("cut");
  }

  private Outcome train(Path run, Object... more) {
    List<Object> arguments = new ArrayList<>(List.of("train", checkpoint, "--out", run, "-q"));
    arguments.addAll(List.of("--batch", 2, "--sequence", 16, "--steps", 6, "--save-every", 2));
    arguments.addAll(List.of("--keep-last", 9, "--no-tensorboard", "--cache", cache));
    arguments.addAll(List.of(more));
    return coppice(arguments);
  }

  private Outcome resume(Path run, Object... more) {
    List<Object> arguments = new ArrayList<>(List.of("train", "--out", run, "--resume", "-q"));
    arguments.addAll(List.of("--no-tensorboard"));
    arguments.addAll(List.of(more));
    return coppice(arguments);
  }

  /** A run that went to its end, and one that a kill after step 2 would have left. */
  private void trainBoth(Object... data) throws IOException {
    assertThat(train(whole, data)).isEqualTo(new Outcome(0, ""));
    assertThat(train(cut, data)).isEqualTo(new Outcome(0, ""));
    for (String step : List.of("step-00000004", "step-00000006")) {
      Folders.delete(cut.resolve(step));
    }
  }

  private void assertSame() throws IOException {
    for (String file : List.of("model.safetensors", "coppice-training/optimizer.safetensors")) {
      assertThat(cut.resolve("step-00000006").resolve(file))
          .hasSameBinaryContentAs(whole.resolve("step-00000006").resolve(file));
    }
  }

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
    Path tokens = Files.write(folder.resolve("a.bin"), new byte[4000]);
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
  void anOptionThatIsNotTheRunsIsNamedWithBothValues() throws IOException {
    trainBoth("--data", lines);
    assertThat(resume(cut, "--batch", 4).err())
        .contains("or left out, got --batch 4 where the run has 2");
    assertThat(resume(cut, "--learning-rate", 0.5).err())
        .contains("got --learning-rate 0.5 where the run has 0.001");
    assertThat(resume(cut, "--steps", "1e3").err())
        .contains("got the budget 1000 steps where the run has 6 steps");
    assertThat(resume(cut, "--schedule", "wsd").err())
        .contains("got --schedule wsd where the run has cosine");
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
  void noDefaultMakesACommandFail() throws IOException {
    List<Object> common = List.of("--data", lines, "--cache", cache, "-q");
    List<Object> training = new ArrayList<>(List.of("train", checkpoint, "--out", whole));
    training.addAll(common);
    training.addAll(List.of("--steps", 1, "--no-tensorboard"));
    assertThat(coppice(training)).as("64 positions").isEqualTo(new Outcome(0, ""));
    assertThat(whole.resolve("run.json")).content().contains("\"sequence\" : 64");
    for (String command : List.of("eval", "routers")) {
      List<Object> judging = new ArrayList<>(List.of(command, checkpoint));
      judging.addAll(common);
      assertThat(coppice(judging)).isEqualTo(new Outcome(0, ""));
      judging.addAll(List.of("--sequence", 65));
      assertThat(coppice(judging).err()).contains("at most the checkpoint's 64 positions, got 65");
    }
    Path little = Files.writeString(folder.resolve("little.jsonl"), "{\"text\": \"the cat\"}");
    training.set(5, little);
    training.set(3, cut);
    assertThat(coppice(training)).as("few tokens").isEqualTo(new Outcome(0, ""));
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

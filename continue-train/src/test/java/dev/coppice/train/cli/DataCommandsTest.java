package dev.coppice.train.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.cli.Coppice;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.TinyCheckpoints;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What commands say of the data that they read, and what they refuse to read. */
class DataCommandsTest {
  @TempDir Path folder;
  private Path lines;

  /** What a command did. */
  private record Outcome(int code, String out, String err) {}

  @BeforeEach
  void makeInputs() throws IOException {
    Path set = Files.createDirectories(folder.resolve("set"));
    lines = Files.writeString(set.resolve("a.jsonl"), "{\"text\": \"one line\"}\n".repeat(30));
    Files.writeString(set.resolve("README.md"), "about");
  }

  private Path checkpoint(int vocabulary) throws IOException {
    Path checkpoint = folder.resolve("of-" + vocabulary);
    TinyCheckpoints.write(
        checkpoint,
        new MoeSpec(
            "mixtral",
            vocabulary,
            8,
            GroupedAttention.plain(2, 1, 4, false, 10_000),
            new RouterSpec(true),
            ImmutableList.of(new LayerSpec.Moe(2, 1, 8)),
            1e-6,
            false,
            64),
        Dtype.BF16,
        1);
    return checkpoint;
  }

  private static Outcome coppice(Object... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine line =
        Coppice.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int code = line.execute(Stream.of(arguments).map(String::valueOf).toArray(String[]::new));
    return new Outcome(code, out.toString(), err.toString());
  }

  private Outcome train(Path checkpoint, Object... more) {
    Object[] given = {
      "train",
      checkpoint,
      "--out",
      folder.resolve("run"),
      "--batch",
      2,
      "--sequence",
      16,
      "--no-cache",
      "--steps",
      3
    };
    return coppice(Stream.concat(Stream.of(given), Stream.of(more)).toArray());
  }

  @Test
  void trainingSaysWhatItReadsBeforeItsFirstStep() throws IOException {
    Outcome trained = train(checkpoint(256), "--data", lines.getParent(), "--json");
    assertThat(trained.code()).as(trained.err()).isZero();
    String said =
        "data: "
            + lines.getParent()
            + " (JSON lines): 1 file, 30 documents, 240 tokens, 14 whole windows, 0.429 passes";
    assertThat(trained.err())
        .contains(said)
        .contains("; left out: set/README.md (text beside JSON lines)");
    assertThat(trained.err().indexOf(said)).isLessThan(trained.err().indexOf("budget: 3 steps"));
    JsonNode json = new ObjectMapper().readTree(trained.out()).get("data_read");
    JsonNode kept = new ObjectMapper().readTree(folder.resolve("run/run.json").toFile());
    assertThat(kept.get("data").get("read")).isEqualTo(json);
    assertThat(json.findValuesAsText("windows")).containsExactly("14");
    assertThat(json.findValuesAsText("reason")).containsExactly("text beside JSON lines");
  }

  @Test
  void quietTrainingStillNamesTheFilesThatAreLeftOut() throws IOException {
    assertThat(train(checkpoint(256), "--data", lines.getParent(), "-q").err())
        .contains("; left out: set/README.md (text beside JSON lines)");
  }

  @Test
  void quietTrainingIsSilentWhereAllIsRead() throws IOException {
    assertThat(train(checkpoint(256), "--data", lines, "-q").err()).isEmpty();
  }

  @Test
  void judgingSaysWhatItReads() throws IOException {
    Outcome judged =
        coppice(
            "eval",
            checkpoint(256),
            "--data",
            lines.getParent(),
            "--no-cache",
            "--sequence",
            16,
            "--json");
    assertThat(judged.code()).as(judged.err()).isZero();
    assertThat(judged.err()).contains(" (JSON lines): 1 file, 30 documents, 240 tokens");
    JsonNode json = new ObjectMapper().readTree(judged.out()).get("data_read");
    assertThat(json.findValuesAsText("name")).containsExactly("set/a.jsonl", "set/README.md");
  }

  @Test
  void textIsNotReadAsBytesWhereTheVocabularyIsNoneOfBytes() throws IOException {
    Path checkpoint = checkpoint(1000);
    Files.writeString(checkpoint.resolve("vocab.json"), "{}");
    Files.writeString(checkpoint.resolve("merges.txt"), "");
    String rule =
        "checkpoint must have a tokenizer.json to read text, got vocab.json and merges.txt";
    for (String command : new String[] {"eval", "routers"}) {
      Outcome refused =
          coppice(command, checkpoint, "--data", lines, "--no-cache", "--sequence", 16, "-q");
      assertThat(refused.err()).contains(rule).contains("a vocabulary of 1000");
      assertThat(refused.code()).isEqualTo(3);
    }
    Outcome refused = train(checkpoint, "--data", lines, "-q");
    assertThat(refused.err()).contains(rule);
    assertThat(refused.code()).isEqualTo(3);
    assertThat(folder.resolve("run")).doesNotExist();
    Outcome asked = train(checkpoint, "--data", lines, "-q", "--tokenizer", "bytes");
    assertThat(asked.code()).as(asked.err()).isZero();
  }

  @Test
  void tokensNeedNoTokenizer() throws IOException {
    Path tokens = Files.write(folder.resolve("a.bin"), "a\0b\0".repeat(100).getBytes(UTF_8));
    Outcome trained = train(checkpoint(1000), "--data", tokens, "-q");
    assertThat(trained.code()).as(trained.err()).isZero();
  }

  @Test
  void strictDataAndTheWidthAreAskedFor() throws IOException {
    Outcome strict = train(checkpoint(256), "--data", lines.getParent(), "--strict-data", "-q");
    assertThat(strict.err()).contains("with --strict-data nothing must be left out");
    assertThat(strict.code()).isEqualTo(3);
    Path tokens = Files.write(folder.resolve("a.bin"), "a\0\0\0b\0\0\0".repeat(50).getBytes(UTF_8));
    Path large = checkpoint(70_000);
    assertThat(train(large, "--data", tokens, "-q").err()).contains("--bin-width must be given");
    Outcome wide = train(large, "--data", tokens, "-q", "--bin-width", 4);
    assertThat(wide.code()).as(wide.err()).isZero();
  }
}

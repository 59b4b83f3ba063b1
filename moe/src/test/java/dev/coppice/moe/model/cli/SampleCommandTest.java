package dev.coppice.moe.model.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.cli.Coppice;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.Goldens;
import dev.coppice.moe.testing.TinyCheckpoints;
import dev.coppice.moe.testing.TinyTokenizers;
import dev.coppice.moe.text.TextStream;
import dev.coppice.moe.text.Tokenizer;
import dev.coppice.moe.text.Tokenizers;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class SampleCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final MoeSpec SPEC =
      new MoeSpec(
          "mixtral",
          256,
          16,
          GroupedAttention.plain(2, 1, 8, false, 10_000),
          new RouterSpec(true),
          ImmutableList.of(new LayerSpec.Moe(3, 2, 8)),
          1e-6,
          false,
          64);

  @TempDir private Path folder;
  private String out = "";
  private String err = "";

  @BeforeEach
  void write() throws Exception {
    TinyCheckpoints.write(folder.resolve("tiny"), SPEC, Dtype.F32, 3);
  }

  private int run(String... options) {
    return runOn(folder.resolve("tiny"), options);
  }

  private int runOn(Path checkpoint, String... options) {
    StringWriter printed = new StringWriter();
    StringWriter told = new StringWriter();
    CommandLine line = Coppice.commandLine();
    line.setOut(new PrintWriter(printed, true)).setErr(new PrintWriter(told, true));
    List<String> words =
        ImmutableList.<String>builder().add("sample", checkpoint.toString()).add(options).build();
    int code = line.execute(words.toArray(String[]::new));
    out = printed.toString();
    err = told.toString();
    return code;
  }

  private JsonNode json(String... options) throws Exception {
    List<String> words =
        ImmutableList.<String>builder().add(options).add("--json", "--quiet").build();
    assertThat(run(words.toArray(String[]::new))).as(err).isZero();
    assertThat(err).isEmpty();
    return JSON.readTree(out);
  }

  @Test
  void printsThePromptAndWhatFollows() throws Exception {
    JsonNode json = json("--prompt", "abc", "--max-new-tokens", "5");
    assertThat(json.get("prompt").asText()).isEqualTo("abc");
    assertThat(json.get("prompt_tokens").asInt()).isEqualTo(3);
    assertThat(json.get("new_tokens").asInt()).isEqualTo(5);
    assertThat(json.get("ids")).hasSize(5);
    assertThat(json.get("stopped").asText()).isEqualTo("length");
    assertThat(json.get("seconds").asDouble()).isPositive();
    assertThat(run("--prompt", "abc", "--max-new-tokens", "5")).isZero();
    assertThat(out).isEqualTo("abc" + json.get("text").asText() + System.lineSeparator());
    // digits of the program's own language
    assertThat(err).matches("5 tokens after 3 in [0-9]+\\.[0-9]{2} s\\R");
  }

  @Test
  void theSeedChooses() throws Exception {
    String[] drawn = {"--prompt", "abc", "--temperature", "2", "--seed", "7"};
    assertThat(json(drawn).get("ids")).isEqualTo(json(drawn).get("ids"));
    JsonNode other = json("--prompt", "abc", "--temperature", "2", "--seed", "8");
    assertThat(other.get("ids")).isNotEqualTo(json(drawn).get("ids"));
    JsonNode greedy = json("--prompt", "abc");
    assertThat(json("--prompt", "abc", "--temperature", "2", "--top-k", "1").get("ids"))
        .isEqualTo(greedy.get("ids"));
    assertThat(json("--prompt", "abc", "--temperature", "2", "--top-p", "1e-9").get("ids"))
        .isEqualTo(greedy.get("ids"));
  }

  @Test
  void theModelsPositionsAreTheEnd() throws Exception {
    assertThat(json("--prompt", "a".repeat(60)).get("new_tokens").asInt()).isEqualTo(5);
    assertThat(json("--prompt", "a".repeat(64)).get("new_tokens").asInt()).isEqualTo(1);
  }

  @Test
  void endTokensStop() throws Exception {
    int third = json("--prompt", "abc").get("ids").get(2).asInt();
    Path tiny = folder.resolve("tiny");
    ObjectNode config = Family.named("mixtral").configFor(SPEC).put("eos_token_id", third);
    JSON.writeValue(tiny.resolve("config.json").toFile(), config);
    JsonNode stopped = json("--prompt", "abc");
    assertThat(stopped.get("stopped").asText()).isEqualTo("end");
    assertThat(stopped.get("new_tokens").asInt()).isLessThan(3);
    // generation_config.json comes first
    Files.writeString(tiny.resolve("generation_config.json"), "{\"eos_token_id\": [-5, 300]}");
    assertThat(json("--prompt", "abc").get("stopped").asText()).isEqualTo("length");
    String list = "{\"eos_token_id\": [300, " + third + "]}";
    Files.writeString(tiny.resolve("generation_config.json"), list);
    assertThat(json("--prompt", "abc").get("ids")).isEqualTo(stopped.get("ids"));
    Files.writeString(tiny.resolve("generation_config.json"), "{}");
    assertThat(json("--prompt", "abc").get("ids")).isEqualTo(stopped.get("ids"));
  }

  @Test
  void badOptionsAreRefusedByName() {
    assertRefused(2, "prompt must hold a token, got none", "--prompt", "");
    assertRefused(
        2,
        "prompt must be at most the model's 64 positions, got 65 tokens",
        "--prompt",
        "a".repeat(65));
    assertRefused(2, "--prompt");
    assertRefused(2, "top-p must lie in (0, 1], got 0.0", "--prompt", "a", "--top-p", "0");
    assertRefused(2, "top-k must not be negative, got -1", "--prompt", "a", "--top-k", "-1");
    assertRefused(
        2,
        "temperature must be finite and not negative, got NaN",
        "--prompt",
        "a",
        "--temperature",
        "NaN");
    assertRefused(
        2, "new tokens must be at least one, got 0", "--prompt", "a", "--max-new-tokens", "0");
    assertRefused(2, "--precision", "--prompt", "a", "--precision", "FP8");
    assertRefused(2, "--seed", "--prompt", "a", "--seed", "x");
  }

  private void assertRefused(int code, String message, String... options) {
    assertThat(run(options)).as(err).isEqualTo(code);
    assertThat(err).contains(message).doesNotContain("\tat ");
    assertThat(out).isEmpty();
  }

  @Test
  void foldersThatCannotSpeakAreRefusedByName() throws Exception {
    assertThat(runOn(Goldens.folder("mixtral"), "--prompt", "a")).isEqualTo(3);
    assertThat(err).contains("tokenizer.json to read text, got none and a vocabulary of 53");
    assertThat(runOn(folder.resolve("none"), "--prompt", "a")).isEqualTo(3);
    Path broken = folder.resolve("tiny").resolve("generation_config.json");
    Files.writeString(broken, "{\"eos_token_id\": ");
    assertThat(run("--prompt", "a")).as(err).isEqualTo(3);
    assertThat(err).contains("generation_config.json");
  }

  @Test
  void wordsOfSentencePieceTokenizersKeepTheirBlank() throws Exception {
    Path checkpoint = folder.resolve("pieces");
    MoeSpec spec =
        new MoeSpec(
            "mixtral",
            TinyTokenizers.ADDED,
            16,
            GroupedAttention.plain(2, 1, 8, false, 10_000),
            new RouterSpec(true),
            ImmutableList.of(new LayerSpec.Moe(3, 2, 8)),
            1e-6,
            false,
            64);
    TinyCheckpoints.write(checkpoint, spec, Dtype.F32, 3);
    TinyTokenizers.sentencePiece(checkpoint, "<s> $ </s>");
    String[] options = {"--prompt", "the", "--max-new-tokens", "9", "--temperature", "1", "-q"};
    assertThat(runOn(checkpoint, concat(options, "--json"))).as(err).isZero();
    JsonNode json = JSON.readTree(out);
    try (Tokenizer tokenizer = Tokenizers.of(checkpoint, TinyTokenizers.ADDED)) {
      int[] ids = JSON.convertValue(json.get("ids"), int[].class);
      assertThat(json.get("prompt_tokens").asInt()).isEqualTo(2);
      assertThat(json.get("text").asText())
          .isEqualTo(tokenizer.decodeAfter(new int[] {1, TinyTokenizers.piece("▁the")}, ids));
    }
    assertThat(runOn(checkpoint, options)).isZero();
    // random bytes make no characters here; what is shown is the stream of them
    try (Tokenizer tokenizer = Tokenizers.of(checkpoint, TinyTokenizers.ADDED)) {
      TextStream stream = new TextStream(tokenizer, tokenizer.encode("the"));
      StringBuilder shown = new StringBuilder("the");
      json.get("ids").forEach(id -> shown.append(stream.add(id.asInt())));
      assertThat(out).isEqualTo(shown + stream.end() + System.lineSeparator());
    }
    assertThat(runOn(checkpoint, "--prompt", "", "--max-new-tokens", "2", "-q")).as(err).isZero();
  }

  private static String[] concat(String[] options, String more) {
    return ImmutableList.<String>builder().add(options).add(more).build().toArray(String[]::new);
  }
}

package dev.coppice.train.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.ImmutableList;
import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
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
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class TrainCommandTest {
  @TempDir Path folder;
  private Path checkpoint;
  private Path texts;
  private Path run;

  /** What a command did. */
  private record Outcome(int code, String out, String err) {
    JsonNode json() throws IOException {
      return new ObjectMapper().readTree(out);
    }
  }

  private static Path checkpoint(Path folder, int vocabulary) throws IOException {
    TinyCheckpoints.write(
        folder,
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
    return folder;
  }

  @BeforeEach
  void makeInputs() throws IOException {
    checkpoint = checkpoint(folder.resolve("ckpt"), 256);
    texts = Files.createDirectories(folder.resolve("texts"));
    for (int i = 0; i < 12; i++) {
      Files.writeString(texts.resolve(i + ".txt"), ("line " + i + " of a text\n").repeat(20));
    }
    run = folder.resolve("run");
  }

  private static Outcome coppice(Object... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine line = Coppice.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    int code = line.execute(Stream.of(arguments).map(Object::toString).toArray(String[]::new));
    return new Outcome(code, out.toString(), err.toString());
  }

  private Outcome train(Object... more) {
    List<Object> arguments = new ArrayList<>(List.of("train", checkpoint, "--data", texts));
    arguments.addAll(List.of("--out", run, "--batch", 2, "--sequence", 16, "-q"));
    arguments.addAll(List.of(more));
    return coppice(arguments.toArray());
  }

  private void assertFails(Outcome outcome, int code, String message) {
    assertThat(outcome.err()).contains(message);
    assertThat(outcome.code()).isEqualTo(code);
    assertThat(outcome.out()).isEmpty();
    assertThat(folder).isDirectoryNotContaining("glob:**run*");
  }

  @Test
  void mixesKindsOfDataByWeight() throws IOException {
    Path lines =
        Files.writeString(
            folder.resolve("a.jsonl"), "{\"body\": \"a line of some text\"}\n".repeat(20));
    Path tokens = Files.write(folder.resolve("b.bin"), "a\0b\0".repeat(100).getBytes(UTF_8));
    List<Object> arguments = new ArrayList<>(List.of("train", checkpoint, "--out", run, "-q"));
    arguments.addAll(List.of("--data", texts + "=2", lines + "=1.5", tokens + "=0.5"));
    arguments.addAll(List.of("--text-field", "body", "--no-cache", "--no-document-mask"));
    arguments.addAll(List.of("--batch", 2, "--sequence", 16, "--steps", 3));
    Outcome trained = coppice(arguments.toArray());
    assertThat(trained.err()).isEmpty();
    assertThat(trained.code()).isZero();
    JsonNode data = new ObjectMapper().readTree(run.resolve("run.json").toFile()).get("data");
    JsonNode parts = data.get("parts");
    assertThat(parts.findValuesAsText("form")).containsExactly("tokens", "tokens", "nanogpt");
    assertThat(parts.findValuesAsText("weight")).containsExactly("2.0", "1.5", "0.5");
    JsonNode read = data.get("read");
    assertThat(read.findValuesAsText("form")).containsExactly("text", "jsonl", "nanogpt");
    assertThat(read.findValuesAsText("given"))
        .containsExactly(texts.toString(), lines.toString(), tokens.toString());
    assertThat(read.findValuesAsText("text_field")).containsExactly("body");
    assertThat(read.get("parts").get(1).findValuesAsText("sha256"))
        .containsExactly(MoreFiles.asByteSource(lines).hash(Hashing.sha256()).toString());
    Outcome resumed = coppice("train", "--out", run, "--resume", "-q");
    assertThat(resumed.err()).isEmpty();
    Outcome judged =
        coppice(
            "eval",
            checkpoint,
            "--data",
            tokens,
            lines,
            "--text-field",
            "body",
            "--sequence",
            32,
            "--json",
            "-q");
    assertThat(judged.err()).isEmpty();
    assertThat(judged.json().get("tokens").asLong()).isPositive();
  }

  @Test
  void refusesWhatNamesNoData() {
    assertFails(train("--data-format", "csv", "--steps", 1), 2, "data format must be auto, text,");
    assertFails(
        train("--bin-width", 3, "--steps", 1), 2, "token width must be 2, 4 or 8 bytes, got 3");
    assertFails(
        train("--document-end", 256, "--steps", 1),
        2,
        "document end must be auto, none, an id in 0..255 or the text of a token of the ");
    assertFails(train("--data-format", "llmc", "--steps", 1), 3, "no tokens of llm.c under ");
    assertFails(coppice("routers", checkpoint), 2, "--data must be given, got none");
  }

  @Test
  void trainsAndJudges() throws IOException {
    Outcome trained = train("--steps", 5, "--held-out", 0.2, "--json");
    assertThat(trained.err()).isEmpty();
    assertThat(trained.code()).isZero();
    JsonNode json = trained.json();
    assertThat(json.get("steps").asLong()).isEqualTo(5);
    assertThat(json.get("tokens").asLong()).isEqualTo(160);
    assertThat(json.get("finished").asBoolean()).isTrue();
    assertThat(json.get("extra_flops").bigIntegerValue())
        .isLessThan(json.get("extra_flops_with_attention").bigIntegerValue());
    assertThat(json.get("checkpoint").asText()).isEqualTo(run + "/step-00000005");

    Outcome judged =
        coppice(
            "eval",
            json.get("checkpoint").asText(),
            "--data",
            json.get("held_out").asText(),
            "--sequence",
            32,
            "--json",
            "-q");
    assertThat(judged.code()).as(judged.err()).isZero();
    assertThat(judged.json().get("loss").asDouble()).isBetween(1.0, 9.0);
    assertThat(judged.json().fieldNames())
        .toIterable()
        .containsExactly(
            "loss",
            "bits_per_byte",
            "accuracy",
            "interval_low",
            "interval_high",
            "accuracy_low",
            "accuracy_high",
            "resampled",
            "units",
            "windows",
            "tokens",
            "bytes",
            "document_mask",
            "data",
            "document_end",
            "data_read");
  }

  @Test
  void judgesTextFolders() {
    Outcome judged = coppice("eval", checkpoint, "--data", texts, "--sequence", 32, "-q");
    assertThat(judged.code()).as(judged.err()).isZero();
    assertThat(judged.out()).contains("nats a token, 95 % interval").contains("(12 documents)");
  }

  @Test
  void judgesByQuestions() throws IOException {
    Path task = folder.resolve("letters.jsonl");
    String line = "{\"context\": \"line\", \"choices\": [\" 1\", \"!?\"], \"answer\": 0}\n";
    Files.writeString(task, line.repeat(3));
    Outcome judged = coppice("eval", checkpoint, "--task", task, "--json", "-q");
    assertThat(judged.code()).as(judged.err()).isZero();
    assertThat(judged.json().fieldNames()).toIterable().containsExactly("tasks");
    JsonNode report = judged.json().get("tasks").get(0);
    assertThat(report.get("name").asText()).isEqualTo("letters");
    assertThat(report.get("questions").asInt()).isEqualTo(3);
    // both choices have two bytes
    assertThat(report.get("accuracy")).isEqualTo(report.get("normalized_accuracy"));
    assertThat(report.get("accuracy").asDouble()).isIn(0.0, 1.0);
    Outcome both =
        coppice("eval", checkpoint, "--task", task, "--data", texts, "--sequence", 32, "-q");
    assertThat(both.out()).contains("nats a token").contains("task letters: 3 questions");
    assertThat(coppice("eval", checkpoint).err())
        .contains("one of --data, --task must be given, got none");
  }

  @Test
  void resumesOnlyWithTheRunsOwnOptions() {
    assertThat(train("--steps", 3).code()).isZero();
    assertThat(train("--steps", 3, "--resume").code()).isZero();
    assertThat(coppice("train", "--out", run, "--resume", "-q").code()).isZero();
    Outcome otherBudget = coppice("train", "--out", run, "--resume", "--steps", 4);
    assertThat(otherBudget.code()).isEqualTo(2);
    assertThat(otherBudget.err()).contains("options must be those of the run or left out");
    assertThat(coppice("train", "--out", run, "--resume", "--seed", 1).code()).isEqualTo(2);
  }

  @Test
  void refusesARunThatExists() {
    assertThat(train("--steps", 1).code()).isZero();
    Outcome again = train("--steps", 1);
    assertThat(again.code()).isEqualTo(2);
    assertThat(again.err()).contains("run folder must not exist yet, got " + run);
    assertThat(run.resolve("step-00000001")).isDirectory();
  }

  @Test
  void refusesNoBudgetAndTwo() {
    assertFails(
        train(), 2, "one of --budget, --model-flops, --tokens, --steps, --hours must be given");
    assertFails(train("--steps", 1, "--hours", 1), 2, "mutually exclusive");
  }

  @Test
  void refusesABudgetBelowOneStepWithBothNumbers() {
    // 2 · 16 tokens at 6 · 2472 FLOPs
    assertFails(
        train("--budget", "1e5"), 2, "budget must hold one step of 474624 FLOPs, got 100000 FLOPs");
    assertFails(train("--budget", "a lot"), 2, "budget must be a whole number such as 3e15");
  }

  @Test
  void refusesPathsWithoutText() throws IOException {
    Path empty = Files.createDirectories(folder.resolve("empty"));
    assertFails(
        coppice("train", checkpoint, "--data", empty, "--out", run, "--steps", 1),
        3,
        "no readable text under " + empty);
    Outcome judged = coppice("eval", checkpoint, "--data", empty);
    assertThat(judged.code()).isEqualTo(3);
  }

  @Test
  void refusesAVocabularyThatIsTooSmall() throws IOException {
    checkpoint = checkpoint(folder.resolve("small"), 200);
    assertFails(
        train("--steps", 1),
        3,
        "checkpoint must have a tokenizer.json to read text, got none and a vocabulary of 200");
    assertFails(
        train("--steps", 1, "--tokenizer", "bytes"),
        3,
        "vocabulary of the checkpoint must cover the data's ids 0..255, got 200");
    Outcome judged = coppice("eval", checkpoint, "--data", texts, "-q", "--sequence", 32);
    assertThat(judged.code()).isEqualTo(3);
  }

  @Test
  void refusesACheckpointThatIsNotThere() {
    checkpoint = folder.resolve("nothing");
    assertFails(train("--steps", 1), 3, "nothing");
  }

  @Test
  void takesEachSettingFromItsOption() throws IOException {
    Outcome outcome =
        train(
            "--tokens",
            64,
            "--seed",
            5,
            "--from-scratch",
            "--precision",
            "bf16",
            "--micro-batch",
            1,
            "--learning-rate",
            "2e-3",
            "--weight-decay",
            0.2,
            "--load-balance",
            0.03,
            "--z-loss",
            0.004,
            "--save-every",
            7,
            "--keep-last",
            3,
            "--schedule",
            "wsd",
            "--warmup",
            0.2,
            "--decay",
            0.3,
            "--final-factor",
            0.4,
            "--no-document-mask",
            "--recompute",
            "--beta2",
            0.99,
            "--clip",
            0.5,
            "--average",
            0.9,
            "--optimizer-state",
            "zero",
            "--router-rate",
            0.5,
            "--freeze",
            "embedding,norm",
            "--on-spike",
            "skip",
            "--spike-threshold",
            4,
            "--save-minutes",
            5,
            "--keep-every",
            14,
            "--no-save-async",
            "--eval-every",
            9);
    assertThat(outcome.code()).as(outcome.err()).isZero();
    JsonNode manifest = new ObjectMapper().readTree(run.resolve("run.json").toFile());
    assertThat(manifest.get("budget").toString()).isEqualTo("{\"unit\":\"tokens\",\"amount\":64}");
    assertThat(manifest.get("spec").toString())
        .isEqualTo(
            "{\"seed\":5,\"initial_weights\":\"FRESH\",\"initial_moments\":\"ZERO\","
                + "\"precision\":\"BF16_MIXED\","
                + "\"batch\":{\"sequences\":2,\"sequence\":16,\"micro_batch\":1,"
                + "\"document_mask\":false,\"recompute\":true},"
                + "\"optimizer\":{\"learning_rate\":0.002,\"beta1\":0.9,\"beta2\":0.99,"
                + "\"epsilon\":1.0E-8,\"weight_decay\":0.2,\"max_gradient_norm\":0.5,"
                + "\"max_skips_in_a_row\":5},"
                + "\"rates\":{\"new_experts\":1.0,\"new_layers\":1.0,\"routers\":0.5,"
                + "\"frozen\":[\"EMBEDDING\",\"NORM\"],\"old_frozen\":false,\"undecayed\":[]},"
                + "\"average\":0.9,"
                + "\"schedule\":{\"kind\":\"wsd\",\"warmup\":0.2,\"decay\":0.3,"
                + "\"final_factor\":0.4},"
                + "\"loss\":{\"load_balance\":0.03,\"z\":0.004,\"bias_step\":0.0},"
                + "\"teacher\":null,"
                + "\"guard\":{\"policy\":\"SKIP\",\"window\":128,\"threshold\":4.0,"
                + "\"rollback_steps\":100,\"skip_batches\":200,\"max_rollbacks\":3},"
                + "\"save\":{\"every_steps\":7,\"every_minutes\":5.0,\"keep_last\":3,"
                + "\"keep_every\":14,\"asynchronous\":false},"
                + "\"evaluation\":{\"every_steps\":9,\"windows\":64,\"as_trained\":true}}");
  }

  @Test
  void balancesOnlyRoutersThatHaveASelectionBias() {
    Outcome outcome = train("--tokens", 64, "--bias-step", 0.001);
    assertThat(outcome.code()).isEqualTo(2);
    assertThat(outcome.err())
        .contains("--bias-step must be 0 where routers have no selection bias, got 0.001");
  }
}

package dev.coppice.train.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.cli.Coppice;
import dev.coppice.moe.io.Folders;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.TinyCheckpoints;
import dev.coppice.train.metrics.EventLog;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.metrics.MetricsLog;
import dev.coppice.train.metrics.RunEvent;
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

/** Commands judge as training sees, and say how. */
class JudgingTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path folder;
  private Path checkpoint;
  private Path lines;
  private Path run;

  private record Outcome(int code, String out, String err) {
    JsonNode json() throws IOException {
      assertThat(code).as(err).isZero();
      return JSON.readTree(out);
    }
  }

  @BeforeEach
  void makeInputs() throws IOException {
    checkpoint = folder.resolve("ckpt");
    MoeSpec spec =
        new MoeSpec(
            "qwen3_moe",
            256,
            16,
            GroupedAttention.plain(2, 1, 8, true, 10_000),
            new RouterSpec(true),
            ImmutableList.of(new LayerSpec.Moe(4, 2, 8)),
            1e-6,
            false,
            64);
    TinyCheckpoints.write(checkpoint, spec, Dtype.F32, 1);
    lines = lines("short.jsonl", 0, 60);
    run = folder.resolve("run");
  }

  private Path lines(String name, int first, int count) throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = first; i < first + count; i++) {
      text.append("{\"text\": \"tree ").append(i).append(" grew\"}\n");
    }
    return Files.writeString(folder.resolve(name), text);
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
    List<Object> all = new ArrayList<>(List.of("train", checkpoint, "--out", run, "--no-cache"));
    all.addAll(List.of("--batch", 2, "--sequence", 32, "--learning-rate", 0.02, "-q", "--json"));
    all.addAll(List.of(more));
    return coppice(all.toArray());
  }

  private JsonNode eval(Path model, Path data, Object... more) throws IOException {
    List<Object> all = new ArrayList<>(List.of("eval", model, "--data", data, "--no-cache"));
    all.addAll(List.of("--sequence", 32, "-q", "--json"));
    all.addAll(List.of(more));
    return coppice(all.toArray()).json();
  }

  private List<RunEvent> looks() throws IOException {
    return EventLog.read(run.resolve("events.jsonl")).stream()
        .filter(event -> event.kind().equals(RunEvent.EVALUATED))
        .toList();
  }

  private static double value(RunEvent event, String name) {
    return event.values().getOrDefault(name, Double.NaN);
  }

  @Test
  void looksUseTheRunsOwnMaskAndEvalDoesToo() throws IOException {
    for (boolean masked : new boolean[] {true, false}) {
      run = folder.resolve("run-" + masked);
      String mask = masked ? "--document-mask" : "--no-document-mask";
      JsonNode trained =
          train("--data", lines, "--held-out", 0.3, "--steps", 12, "--eval-every", 5, mask).json();
      assertThat(looks()).extracting(RunEvent::step).containsExactly(0L, 5L, 10L, 12L);
      RunEvent last = looks().get(3);
      assertThat(last.message()).contains(masked ? "with document mask" : "without document mask");
      Path heldOut = Path.of(trained.path("held_out").asText());
      Path step = Path.of(trained.path("checkpoint").asText());
      JsonNode asTrained = eval(step, heldOut);
      assertThat(asTrained.path("document_mask").asBoolean()).isEqualTo(masked);
      assertThat(asTrained.path("loss").asDouble()).isCloseTo(value(last, "loss"), within(1e-6));
      assertThat(asTrained.path("bits_per_byte").asDouble())
          .isCloseTo(value(last, "bits_per_byte"), within(1e-6));
      JsonNode other = eval(step, heldOut, masked ? "--no-document-mask" : "--document-mask");
      assertThat(other.path("document_mask").asBoolean()).isEqualTo(!masked);
      assertThat(other.path("loss").asDouble())
          .isNotCloseTo(asTrained.path("loss").asDouble(), within(1e-4));
      assertThat(coppice("eval", step, "--data", heldOut, "--sequence", 32, "-q").out())
          .contains(masked ? "(document mask, as it was trained)" : "(no document mask, as it was");
      assertThat(coppice("routers", step, "--data", heldOut, "--sequence", 32, "-q").out())
          .contains(masked ? "(document mask, as it was trained)" : "(no document mask, as it was");
      Outcome report = coppice("report", run, "--out", folder.resolve("r.html"), "--json", "-q");
      assertThat(report.json().at("/runs/0/held_out/document_mask").asBoolean()).isEqualTo(masked);
    }
  }

  @Test
  void aForeignCheckpointIsJudgedWithTheMaskAndItsOwnEnd() throws IOException {
    JsonNode judged = eval(checkpoint, lines);
    assertThat(judged.path("document_mask").asBoolean()).isTrue();
    assertThat(judged.path("document_end").isNull()).isTrue();
    assertThat(judged.path("bytes").asLong()).isEqualTo(judged.path("tokens").asLong());
    JsonNode ended = eval(checkpoint, lines, "--document-end", 0);
    assertThat(ended.path("document_end").asInt()).isZero();
    // sixty ends more are judged, and have no bytes
    assertThat(ended.path("tokens").asLong()).isEqualTo(judged.path("tokens").asLong() + 60);
    assertThat(ended.path("bytes").asLong()).isEqualTo(judged.path("bytes").asLong());
    Path config = checkpoint.resolve("config.json");
    ObjectNode tree = (ObjectNode) JSON.readTree(config.toFile());
    JSON.writeValue(config.toFile(), tree.put("eos_token_id", 10));
    Path bin = folder.resolve("val.bin");
    byte[] tokens = new byte[400];
    for (int i = 0; i < 200; i++) {
      tokens[2 * i] = (byte) (i % 10 == 9 ? 10 : 'a' + i % 7);
    }
    Files.write(bin, tokens);
    JsonNode parted = eval(checkpoint, bin);
    assertThat(parted.path("document_end").asInt()).isEqualTo(10);
    // twenty documents of ten tokens, of which eight have a byte and one before them
    assertThat(parted.path("tokens").asLong()).isEqualTo(180);
    assertThat(parted.path("bytes").asLong()).isEqualTo(160);
  }

  @Test
  void dataOfItsOwnIsLookedAtSourceBySource() throws IOException {
    Path one = lines("val.jsonl", 100, 20);
    Path other = lines("other.jsonl", 200, 5);
    JsonNode trained =
        train("--data", lines, "--held-out-data", one, other, one, "--steps", 3, "--eval-every", 2)
            .json();
    assertThat(looks()).extracting(RunEvent::step).containsExactly(0L, 2L, 3L);
    RunEvent last = looks().get(2);
    assertThat(last.values().keySet())
        .contains("loss/" + one, "loss/" + other, "loss/" + one + " (2)", "bits_per_byte/" + one);
    Path step = Path.of(trained.path("checkpoint").asText());
    assertThat(value(last, "loss/" + one))
        .isCloseTo(eval(step, one).path("loss").asDouble(), within(1e-6));
    assertThat(value(last, "loss/" + other))
        .isCloseTo(eval(step, other).path("loss").asDouble(), within(1e-6));
    assertThat(trained.path("held_out_scores").path("loss/" + other).asDouble())
        .isEqualTo(value(last, "loss/" + other));
    assertThat(value(looks().get(0), "loss"))
        .isCloseTo(
            (2 * total(checkpoint, one) + total(checkpoint, other))
                / (2 * tokens(one) + tokens(other)),
            within(1e-6));
    Outcome report = coppice("report", run, "--out", folder.resolve("r.html"), "--json", "-q");
    assertThat(report.json().at("/runs/0/held_out/sources").size()).isEqualTo(3);
    assertThat(Files.readString(folder.resolve("r.html"))).contains("other.jsonl");
  }

  private double total(Path model, Path data) throws IOException {
    JsonNode judged = eval(model, data);
    return judged.path("loss").asDouble() * judged.path("tokens").asLong();
  }

  private long tokens(Path data) throws IOException {
    return eval(checkpoint, data).path("tokens").asLong();
  }

  @Test
  void partsOfAMixtureHaveLossesOfTheirOwn() throws IOException {
    Path other = lines("other.jsonl", 200, 60);
    train("--data", lines + "=3", other + "=1", "--held-out", 0.3, "--steps", 1).json();
    assertThat(looks().get(1).values().keySet()).contains("loss/" + lines, "loss/" + other);
  }

  @Test
  void heldOutDataIsRefusedBeforeTraining() throws IOException {
    Path bare = Files.writeString(folder.resolve("bare.jsonl"), "{\"text\": \"a\"}\n".repeat(9));
    Outcome none = train("--data", lines, "--held-out-data", bare, "--steps", 1);
    assertThat(none.code()).isEqualTo(3);
    assertThat(none.err())
        .contains("held-out text must have a token that follows another of its document")
        .contains(bare.toString());
    assertThat(run).doesNotExist();
    Outcome weighted = train("--data", lines, "--held-out-data", lines + "=2", "--steps", 1);
    assertThat(weighted.code()).isEqualTo(2);
    assertThat(weighted.err()).contains("--held-out-data must have no weights");
    assertThat(train("--data", lines, "--held-out-data", folder.resolve("no"), "--steps", 1).err())
        .contains("no");
  }

  @Test
  void judgingRefusesWeightsThatItWouldDrop() throws IOException {
    Path other = lines("other.jsonl", 200, 5);
    for (String command : List.of("eval", "routers")) {
      for (List<String> data :
          List.of(List.of(lines + "=3"), List.of(lines + "=3", other + "=1"))) {
        List<Object> all = new ArrayList<>(List.of(command, folder.resolve("nowhere"), "--data"));
        all.addAll(data);
        Outcome refused = coppice(all.toArray());
        assertThat(refused.code()).as(command).isEqualTo(2);
        assertThat(refused.err())
            .contains("--data must have no weights, as evaluation data is read whole")
            .contains("got " + lines + "=3");
      }
    }
  }

  @Test
  void oneTextIsHeldOutByItsEnd() throws IOException {
    Path text = Files.writeString(folder.resolve("input.txt"), "abcdefghij".repeat(100));
    JsonNode trained = train("--data", text, "--held-out", 0.1, "--steps", 2).json();
    JsonNode judged =
        eval(
            Path.of(trained.path("checkpoint").asText()),
            Path.of(trained.path("held_out").asText()));
    assertThat(judged.path("tokens").asLong()).isEqualTo(99);
    assertThat(JSON.readTree(run.resolve("run.json").toFile()).at("/data/tokens").asLong())
        .isEqualTo(900);
    assertThat(coppice("train", "--out", run, "--resume", "-q").code()).isZero();
    Outcome small = train("--data", text, "--held-out", 0.9999, "--steps", 2);
    assertThat(small.code()).isNotZero();
  }

  @Test
  void dataWithoutALabelIsRefusedAndAStepWithoutOneIsSkipped() throws IOException {
    Path bare = Files.writeString(folder.resolve("bare.jsonl"), "{\"text\": \"a\"}\n".repeat(400));
    Outcome none = train("--data", bare, "--steps", 2);
    assertThat(none.code()).isEqualTo(3);
    assertThat(none.err()).contains("data must have a token that follows another of its document");
    assertThat(run).doesNotExist();
    Files.writeString(
        bare, Files.readString(bare) + "{\"text\": \"" + "word ".repeat(30) + "\"}\n");
    JsonNode trained =
        train("--data", bare, "--steps", 8, "--weight-decay", 0.5, "--save-every", 3).json();
    List<MetricsLine> steps = MetricsLog.read(run.resolve("metrics.jsonl"));
    List<MetricsLine> skipped = steps.stream().filter(MetricsLine::skipped).toList();
    assertThat(skipped).isNotEmpty().hasSizeLessThan(8);
    assertThat(skipped).allMatch(step -> step.loss() == null && step.gradientNorm() == null);
    assertThat(trained.path("skipped_steps").asInt()).isEqualTo(skipped.size());
    assertThat(EventLog.read(run.resolve("events.jsonl")))
        .filteredOn(event -> event.kind().equals(RunEvent.SKIPPED))
        .hasSize(skipped.size())
        .allMatch(event -> event.message().startsWith("no token follows another"));
    assertResumesToTheSameBytes();
  }

  /** What came after step 6 is done again, as after a kill. */
  private void assertResumesToTheSameBytes() throws IOException {
    Path last = run.resolve("step-00000008");
    byte[] weights = Files.readAllBytes(last.resolve("model.safetensors"));
    byte[] moments = Files.readAllBytes(last.resolve("coppice-training/optimizer.safetensors"));
    Folders.delete(last);
    assertThat(run.resolve("step-00000006")).isDirectory();
    assertThat(coppice("train", "--out", run, "--resume", "-q").code()).isZero();
    assertThat(last.resolve("model.safetensors")).hasBinaryContent(weights);
    assertThat(last.resolve("coppice-training/optimizer.safetensors")).hasBinaryContent(moments);
  }

  @Test
  void theLoadBalanceWeightIsTheCheckpointsOwn() throws IOException {
    Path config = checkpoint.resolve("config.json");
    ObjectNode tree = (ObjectNode) JSON.readTree(config.toFile());
    JSON.writeValue(config.toFile(), tree.put("router_aux_loss_coef", 0.125));
    train("--data", lines, "--steps", 1).json();
    assertThat(loadBalance()).isEqualTo(0.125);
    assertThat(EventLog.read(run.resolve("events.jsonl")).get(0).message())
        .contains("load balance: weight 0.125 (router_aux_loss_coef of config.json)")
        .contains("2 at perfect balance");
    run = folder.resolve("given");
    train("--data", lines, "--steps", 1, "--load-balance", 0.5).json();
    assertThat(loadBalance()).isEqualTo(0.5);
    run = folder.resolve("none");
    tree.remove("router_aux_loss_coef");
    JSON.writeValue(config.toFile(), tree);
    train("--data", lines, "--steps", 1).json();
    assertThat(loadBalance()).isEqualTo(0.01);
    run = folder.resolve("wrong");
    JSON.writeValue(config.toFile(), tree.put("router_aux_loss_coef", "much"));
    Outcome wrong = train("--data", lines, "--steps", 1);
    assertThat(wrong.code()).isEqualTo(3);
    assertThat(wrong.err())
        .contains("router_aux_loss_coef must be a number of at least 0, got \"much\"");
  }

  private double loadBalance() throws IOException {
    return JSON.readTree(run.resolve("run.json").toFile())
        .at("/spec/loss/load_balance")
        .asDouble(Double.NaN);
  }

  @Test
  void aRunOfAnOlderVersionIsJudgedAsItWas() throws IOException {
    train("--data", lines, "--held-out", 0.3, "--steps", 4, "--eval-every", 2).json();
    RunEvent masked = looks().get(2);
    // as it was written before: no word of the mask of looks, of sources or of what ended documents
    for (String file : List.of("run.json", "step-00000004/coppice-training/state.json")) {
      ObjectNode tree = (ObjectNode) JSON.readTree(run.resolve(file).toFile());
      ((ObjectNode) tree.at("/spec/evaluation")).remove("as_trained");
      if (tree.path("data") instanceof ObjectNode data) {
        data.remove("document_end");
      }
      JSON.writeValue(run.resolve(file).toFile(), tree);
    }
    Files.delete(run.resolve("data/held-out.json"));
    Files.delete(run.resolve("step-00000004/coppice-training/manifest.json"));
    Outcome resumed = coppice("train", "--out", run, "--resume", "-q");
    assertThat(resumed.code()).as(resumed.err()).isZero();
    List<RunEvent> events = EventLog.read(run.resolve("events.jsonl"));
    assertThat(events).anyMatch(e -> e.message().contains("begun by an older version"));
    RunEvent last = looks().get(looks().size() - 1);
    assertThat(last.step()).isEqualTo(4);
    assertThat(last.message()).contains("without document mask");
    assertThat(value(last, "loss")).isNotCloseTo(value(masked, "loss"), within(1e-4));
  }

  @Test
  void routersReadTheLastWindowThatEndsEarly() throws IOException {
    Path text = Files.writeString(folder.resolve("a.txt"), "abcdefghij".repeat(5));
    List<Object> all = new ArrayList<>(List.of("routers", checkpoint, "--data", text));
    all.addAll(List.of("--no-cache", "--sequence", 32, "-q", "--json"));
    JsonNode report = coppice(all.toArray()).json();
    assertThat(report.path("tokens").asLong()).isEqualTo(50);
    assertThat(report.path("document_mask").asBoolean()).isTrue();
  }
}

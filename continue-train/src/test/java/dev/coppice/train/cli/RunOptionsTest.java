package dev.coppice.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Options of runs that begin and go on. */
class RunOptionsTest extends TrainedRuns {
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
  void anOptionOfReadingThatIsNotTheRunsIsNamedWithBothValues() throws IOException {
    trainBoth("--data", lines, "--document-end", "</s>");
    String[][] others = {
      {"--data-format", "text", "auto"},
      {"--text-field", "body", "text"},
      {"--bin-width", "4", "auto"},
      {"--tokenizer", "bytes", "json"},
      {"--special-tokens", "text", "special"},
      {"--document-start", "none", "1"},
      {"--document-start", "</s>", "1"},
      {"--document-end", "none", "2"},
      {"--held-out", "0.5", "none"}
    };
    for (String[] other : others) {
      Outcome refused = resume(cut, other[0], other[1], "--cache", cache);
      assertThat(refused.code()).as(other[0]).isEqualTo(2);
      assertThat(refused.err()).contains("got " + other[0]).endsWith("has " + other[2] + "\n");
    }
    assertThat(cut.resolve("step-00000004")).doesNotExist();
    List<Object> same = new ArrayList<>(List.of("--cache", cache, "--data-format", "jsonl"));
    same.addAll(List.of("--text-field", "text", "--document-start", "auto"));
    same.addAll(List.of("--document-end", "2", "--special-tokens", "special"));
    assertThat(resume(cut, same.toArray())).isEqualTo(new Outcome(0, ""));
    assertSame();
  }

  @Test
  void aCheckpointThatIsGivenAgainIsTheRuns() throws IOException {
    trainBoth("--data", lines);
    Path step = cut.resolve("step-00000002");
    for (Path other : List.of(step, folder.resolve("gone"))) {
      Outcome refused = again(other);
      assertThat(refused.code()).isEqualTo(2);
      assertThat(refused.err())
          .isEqualTo(
              "coppice: options must be those of the run or left out, got CKPT "
                  + other
                  + " where the run has "
                  + checkpoint
                  + "\n");
    }
    assertThat(cut.resolve("step-00000004")).doesNotExist();
    Path link = Files.createSymbolicLink(folder.resolve("link"), checkpoint);
    assertThat(again(link)).isEqualTo(new Outcome(0, ""));
    assertSame();
    assertThat(again(folder.resolve("x/../ckpt"))).isEqualTo(new Outcome(0, ""));
  }

  private Outcome again(Path source) {
    return coppice(List.of("train", source, "--out", cut, "--resume", "-q", "--no-tensorboard"));
  }

  @Test
  void evaluationDataThatIsGivenAgainIsTheRuns() throws IOException {
    Path one = Files.writeString(folder.resolve("1.txt"), "the cat at the tee ".repeat(9));
    Path two = Files.writeString(folder.resolve("2.txt"), "the tee at the cat ".repeat(9));
    Path moved = Files.copy(one, folder.resolve("moved.txt"));
    trainBoth("--data", lines, "--held-out", 0.2, "--held-out-data", one, two);
    Object[][] others = {
      {"--held-out-data " + one + " where the run has " + one + " " + two, one},
      {"got other tokens in " + two + " than the run has of " + one, two, one},
      {"got other tokens in " + lines + " than the run has of " + two, one, lines},
    };
    for (Object[] other : others) {
      Outcome refused = resumeWith(List.of(other).subList(1, other.length));
      assertThat(refused.code()).isEqualTo(other.length == 2 ? 2 : 4);
      assertThat(refused.err()).endsWith(other[0] + "\n").hasLineCount(1);
    }
    assertThat(cut.resolve("step-00000004")).doesNotExist();
    assertThat(resumeWith(List.of(moved, two))).isEqualTo(new Outcome(0, ""));
    assertSame();
    assertThat(cut).isDirectoryNotContaining("glob:**.tmp-*");
    Files.writeString(one, "the");
    assertThat(resumeWith(List.of(one, two)).err()).contains("got other tokens in " + one);
  }

  private Outcome resumeWith(List<?> heldOut) {
    List<Object> options = new ArrayList<>(List.of("--cache", cache, "--held-out-data"));
    options.addAll(heldOut);
    return resume(cut, options.toArray());
  }

  @Test
  void evaluationDataIsNotAddedToARun() throws IOException {
    trainBoth("--data", lines);
    assertThat(resumeWith(List.of(lines)).err())
        .endsWith("got --held-out-data " + lines + " where the run has none\n");
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
  void aDefaultGivesWayToWhatIsGiven() throws IOException {
    List<Object> common = List.of("train", checkpoint, "--data", lines, "--cache", cache, "-q");
    String[][] cases = {
      {"\"sequences\" : 6", "--micro-batch", "3"},
      {"\"sequences\" : 16", "--micro-batch", "16"},
      {"\"decay\" : 0.0999", "--schedule", "wsd", "--warmup", "0.9"},
      {"\"decay\" : 0.99", "--schedule", "wsd", "--decay", "0.99"},
      {"\"windows\" : 999", "--eval-windows", "999", "--eval-every", "1", "--held-out", "0.1"}
    };
    for (String[] each : cases) {
      Path run = folder.resolve("run" + each[0].hashCode());
      List<Object> training = new ArrayList<>(common);
      training.addAll(List.of("--out", run, "--steps", 1, "--no-tensorboard", "--sequence", 16));
      training.addAll(List.of(each).subList(1, each.length));
      assertThat(coppice(training)).as(each[2]).isEqualTo(new Outcome(0, ""));
      assertThat(run.resolve("run.json")).content().contains(each[0]);
      assertThat(run.resolve("events.jsonl")).content().doesNotContain("cannot be scored");
    }
  }

  @Test
  void trainedFoldersNameNoCodeThatIsMissing() throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    Path file = checkpoint.resolve("config.json");
    ObjectNode config = (ObjectNode) mapper.readTree(file.toFile());
    config.putObject("auto_map").put("AutoConfig", "configuration_my.C");
    mapper.writeValue(file.toFile(), config);
    Files.writeString(
        checkpoint.resolve("tokenizer_config.json"),
        "{\"tokenizer_class\": \"LlamaTokenizer\", \"auto_map\": {\"AutoTokenizer\":"
            + " [\"tok.T\", null]}}");
    assertThat(train(whole, "--data", lines)).isEqualTo(new Outcome(0, ""));
    for (String step : List.of("step-00000002", "step-00000006")) {
      for (String name : List.of("config.json", "tokenizer_config.json")) {
        assertThat(whole.resolve(step).resolve(name)).content().doesNotContain("auto_map");
      }
    }
    assertThat(coppice(List.of("train", "--out", whole, "--resume", "-q")).code()).isZero();
  }
}

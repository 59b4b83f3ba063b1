package dev.coppice.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.cli.Coppice;
import dev.coppice.moe.io.Folders;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.TinyCheckpoints;
import dev.coppice.moe.testing.TinyTokenizers;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Runs of a tiny model through the command line. */
abstract class TrainedRuns {
  @TempDir Path folder;
  Path checkpoint;
  Path lines;
  Path cache;
  Path whole;
  Path cut;

  record Outcome(int code, String err) {}

  static Outcome coppice(List<?> arguments) {
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

  Outcome train(Path run, Object... more) {
    List<Object> arguments = new ArrayList<>(List.of("train", checkpoint, "--out", run, "-q"));
    arguments.addAll(List.of("--batch", 2, "--sequence", 16, "--steps", 6, "--save-every", 2));
    arguments.addAll(List.of("--keep-last", 9, "--no-tensorboard", "--cache", cache));
    arguments.addAll(List.of(more));
    return coppice(arguments);
  }

  Outcome resume(Path run, Object... more) {
    List<Object> arguments = new ArrayList<>(List.of("train", "--out", run, "--resume", "-q"));
    arguments.addAll(List.of("--no-tensorboard"));
    arguments.addAll(List.of(more));
    return coppice(arguments);
  }

  /** A run that went to its end, and one that a kill after step 2 would have left. */
  void trainBoth(Object... data) throws IOException {
    assertThat(train(whole, data)).isEqualTo(new Outcome(0, ""));
    assertThat(train(cut, data)).isEqualTo(new Outcome(0, ""));
    for (String step : List.of("step-00000004", "step-00000006")) {
      Folders.delete(cut.resolve(step));
    }
  }

  void assertSame() throws IOException {
    for (String file : List.of("model.safetensors", "coppice-training/optimizer.safetensors")) {
      assertThat(cut.resolve("step-00000006").resolve(file))
          .hasSameBinaryContentAs(whole.resolve("step-00000006").resolve(file));
    }
  }
}

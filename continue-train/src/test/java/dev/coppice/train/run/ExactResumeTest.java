package dev.coppice.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ai.djl.pytorch.jni.JniUtils;
import dev.coppice.train.Folders;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.data.TokenFile;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.metrics.MetricsLog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models that stop and go on, against those that do not: the same bits. */
class ExactResumeTest {
  private static final int HALF = 4;

  @TempDir Path folder;
  private Path checkpoint;
  private TokenFile data;

  @BeforeEach
  void prepare() throws IOException {
    checkpoint = TinyRuns.checkpoint(folder);
    // 400 tokens are 26 windows of 15: a pass ends in the midst of a step of four
    data = TinyRuns.corpus(folder.resolve("train.tokens"), 2, 1);
  }

  private static TrainSpec spec(int microBatch, long everySteps, boolean asynchronous) {
    return TinyRuns.spec()
        .withBatch(new BatchSpec(4, 15, microBatch))
        .withGuard(new GuardSpec(SpikePolicy.SKIP, 8, 0.5, 100, 200, 3))
        .withSave(new SaveSpec(everySteps, 0, 99, 0, asynchronous));
  }

  private TrainResult train(TrainSpec spec, Path out, long stop) throws IOException {
    try (TrainingRun run =
        TrainingRun.start(spec, checkpoint, data, new Budget.Steps(2 * HALF), out)) {
      return stopped(run, stop);
    }
  }

  private static TrainResult stopped(TrainingRun run, long stop) throws IOException {
    return run.run(
        (line, share) -> {
          if (line.step() == stop) {
            run.requestStop();
          }
        });
  }

  /** Lines but for their times. */
  private static List<String> lines(TrainResult result) throws IOException {
    List<String> lines = new ArrayList<>();
    for (MetricsLine line : MetricsLog.read(result.lossCurve())) {
      lines.add(
          String.valueOf(line).replaceAll("(tokensPerSecond|seconds|waitSeconds)=[^,\\]]*", "$1"));
    }
    return lines;
  }

  private static void assertSame(TrainResult one, TrainResult other) throws IOException {
    for (String file :
        List.of("model.safetensors", "config.json", "coppice-training/optimizer.safetensors")) {
      assertThat(other.checkpoint().resolve(file))
          .hasSameBinaryContentAs(one.checkpoint().resolve(file));
    }
    assertThat(lines(other)).isEqualTo(lines(one)).hasSize(2 * HALF);
  }

  @Test
  void halfAndHalfIsTheWhole() throws IOException {
    for (int microBatch : new int[] {1, 2, 4}) {
      TrainResult whole =
          train(spec(microBatch, 99, false), folder.resolve("whole-" + microBatch), -1);
      for (long everySteps : new long[] {1, 3, 7}) {
        // every interval and every micro-batch meets both
        boolean asynchronous = (microBatch + everySteps) % 4 < 2;
        TrainSpec spec = spec(microBatch, everySteps, asynchronous);
        Path out = folder.resolve("parted-" + microBatch + everySteps);
        train(spec, out, HALF);
        try (TrainingRun second = TrainingRun.resume(out)) {
          assertSame(whole, second.run(ProgressListener.NONE));
        }
        Folders.delete(out);
      }
    }
  }

  @Test
  void aResumeAtEachStepIsTheWhole() throws IOException {
    Path out = folder.resolve("whole");
    TrainResult whole = train(spec(4, 1, true), out, -1);
    assertThat(lines(whole)).anyMatch(line -> line.contains("skipped=true"));
    for (long lost = 2 * HALF; lost > 1; lost -= 4) {
      Path parted = folder.resolve("parted-" + lost);
      train(spec(4, 1, true), parted, lost);
      // as after a kill in the step: what came after the last checkpoint is done again
      Folders.delete(parted.resolve(RunFolder.stepName(lost)));
      try (TrainingRun second = TrainingRun.resume(parted)) {
        assertThat(second.spent().steps()).isEqualTo(lost - 1);
        assertSame(whole, second.run(ProgressListener.NONE));
      }
    }
  }

  @Test
  void threadsThatDifferAreRefused() throws IOException {
    Path out = folder.resolve("run");
    train(spec(4, 99, false), out, 1);
    int threads = JniUtils.getNumThreads();
    JniUtils.setNumThreads(threads + 1);
    try {
      assertThat(catchThrowable(() -> TrainingRun.resume(out).close()))
          .hasMessageContaining("threads " + (threads + 1) + " instead of " + threads);
    } finally {
      JniUtils.setNumThreads(threads);
    }
  }
}

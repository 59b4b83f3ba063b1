package dev.coppice.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.io.Folders;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.data.token.TestTokens;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.metrics.MetricsLog;
import dev.coppice.train.optimizer.OptimizerSpec;
import dev.coppice.train.spec.BatchSpec;
import dev.coppice.train.spec.TrainSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingRunTest {
  @TempDir Path folder;
  private Path checkpoint;
  private TokenFile data;
  private Path out;

  @BeforeEach
  void makeInputs() throws IOException {
    checkpoint = TinyRuns.checkpoint(folder);
    data = TinyRuns.corpus(folder.resolve("train.tokens"), 10, 1);
    out = folder.resolve("run");
  }

  private TrainingRun start(TraineeFactory factory, TrainSpec spec, long steps) throws IOException {
    RunRequest request = new RunRequest(spec, checkpoint, data, new Budget.Steps(steps), out);
    return new RunOpener(factory).start(request);
  }

  private TrainResult train(TraineeFactory factory, long steps) throws IOException {
    try (TrainingRun run = start(factory, TinyRuns.spec(), steps)) {
      return run.run(ProgressListener.NONE);
    }
  }

  private TrainResult resume(TraineeFactory factory) throws IOException {
    try (TrainingRun run = new RunOpener(factory).resume(out)) {
      return run.run(ProgressListener.NONE);
    }
  }

  private List<String> entries() throws IOException {
    try (Stream<Path> files = Files.list(out)) {
      return files.map(Folders::name).sorted().toList();
    }
  }

  private static void assertFails(ErrorKind code, String message, ThrowingCall call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(code))
        .hasMessageContaining(message);
  }

  interface ThrowingCall {
    void run() throws IOException;
  }

  @Test
  void keepsTheNewestCheckpointsAndTheLastStep() throws IOException {
    TrainResult result = train(FakeTrainee.factory(), 34);
    assertThat(result.checkpoint()).isEqualTo(out.resolve("step-00000034"));
    assertThat(entries())
        .containsExactly(
            ".lock", "events.jsonl", "metrics.jsonl", "run.json", "step-00000030", "step-00000034");
  }

  @Test
  void skipsAndCountsStepsWithoutAFiniteGradient() throws IOException {
    TrainResult result = train(FakeTrainee.factory(2L, 3L, 5L), 6);
    assertThat(result.skippedSteps()).isEqualTo(3);
    assertThat(result.steps()).isEqualTo(6);
    List<MetricsLine> lines = MetricsLog.read(result.lossCurve());
    assertThat(lines)
        .extracting(MetricsLine::skipped)
        .containsExactly(false, true, true, false, true, false);
    assertThat(lines.get(1).loss()).isNull();
    assertThat(lines.get(1).gradientNorm()).isNull();
  }

  @Test
  void givesUpAfterSeveralInARow() throws IOException {
    OptimizerSpec three = new OptimizerSpec(1e-3, 0.9, 0.95, 1e-8, 0.1, 1, 3);
    TrainSpec spec = TinyRuns.spec().withOptimizer(three);
    try (TrainingRun run = start(FakeTrainee.factory(9L, 11L, 12L, 13L), spec, 50)) {
      assertFails(
          ErrorKind.DIVERGED,
          "gradient must be finite, got norm Infinity in 3 steps in a row (step 13)",
          () -> run.run(ProgressListener.NONE));
    }
    assertThat(entries()).contains("step-00000010").doesNotContain("step-00000013");
    assertThat(MetricsLog.read(out.resolve("metrics.jsonl"))).hasSize(13);
  }

  @Test
  void remembersSkippedStepsOverAResume() throws IOException {
    try (TrainingRun run = start(FakeTrainee.factory(3L, 4L), TinyRuns.spec(), 10)) {
      run.run(
          (line, share) -> {
            if (line.step() == 4) {
              run.requestStop();
            }
          });
    }
    // five in a row are too many; two were before the stop
    assertFails(
        ErrorKind.DIVERGED,
        "in 5 steps in a row (step 7)",
        () -> resume(FakeTrainee.factory(1L, 2L, 3L)));
  }

  @Test
  void setsADamagedCheckpointAsideAndGoesOnFromTheOneBefore() throws IOException {
    train(FakeTrainee.factory(), 25);
    Files.write(out.resolve("step-00000025/model.safetensors"), new byte[] {1, 2, 3});
    TrainResult result = resume(FakeTrainee.factory());
    assertThat(result.steps()).isEqualTo(25);
    assertThat(entries()).contains("damaged-step-00000025-1", "step-00000020", "step-00000025");
    assertThat(MetricsLog.read(result.lossCurve())).hasSize(25);
    Files.delete(out.resolve("step-00000025/coppice-training/state.json"));
    resume(FakeTrainee.factory());
    assertThat(entries()).contains("damaged-step-00000025-2", "step-00000025");
  }

  @Test
  void beginsAgainWhenKilledBeforeTheFirstCheckpoint() throws IOException {
    start(FakeTrainee.factory(), TinyRuns.spec(), 12).close();
    assertThat(entries()).containsExactly(".lock", "run.json");
    Files.writeString(out.resolve("metrics.jsonl"), "{\"step\":1,");
    assertThat(resume(FakeTrainee.factory()).steps()).isEqualTo(12);
    assertThat(MetricsLog.read(out.resolve("metrics.jsonl"))).hasSize(12);
  }

  @Test
  void sweepsWhatAKilledSaveLeft() throws IOException {
    train(FakeTrainee.factory(), 3);
    Files.createDirectories(out.resolve(".step-00000004.tmp-abc/coppice-training"));
    Files.createDirectories(out.resolve(".trash-step-00000002"));
    resume(FakeTrainee.factory());
    assertThat(entries())
        .containsExactly(".lock", "events.jsonl", "metrics.jsonl", "run.json", "step-00000003");
  }

  @Test
  void refusesAFolderThatExists() throws IOException {
    train(FakeTrainee.factory(), 1);
    assertFails(
        ErrorKind.REQUEST_INVALID,
        "run folder must not exist yet, got " + out,
        () -> train(FakeTrainee.factory(), 1));
  }

  @Test
  void refusesAFolderThatAnotherRunHolds() throws IOException {
    try (TrainingRun first = start(FakeTrainee.factory(), TinyRuns.spec(), 1)) {
      assertThat(first.share()).isZero();
      assertFails(
          ErrorKind.REQUEST_INVALID,
          "run folder must be free, got one that another run holds: " + out,
          () -> resume(FakeTrainee.factory()));
    }
  }

  @Test
  void refusesToResumeWhatIsNoRun() throws IOException {
    Files.createDirectories(out);
    assertFails(
        ErrorKind.INPUT_INVALID,
        "file must exist, got none at " + out.resolve("run.json"),
        () -> resume(FakeTrainee.factory()));
  }

  @Test
  void refusesDataThatHasChanged() throws IOException {
    train(FakeTrainee.factory(), 1);
    byte[] bytes = Files.readAllBytes(data.path());
    bytes[100] ^= 1;
    Files.write(data.path(), bytes);
    assertFails(
        ErrorKind.INTEGRITY, "token file must have SHA-256", () -> resume(FakeTrainee.factory()));
    Folders.delete(data.path());
    TinyRuns.corpus(data.path(), 11, 1);
    assertFails(
        ErrorKind.INTEGRITY, "data of the run must have", () -> resume(FakeTrainee.factory()));
  }

  @Test
  void leavesNothingWhenItCannotBegin() throws IOException {
    RunRequest small =
        new RunRequest(TinyRuns.spec(), checkpoint, data, Budget.parseFlops("1e3"), out);
    assertFails(
        ErrorKind.REQUEST_INVALID,
        "FLOPs, got 1000 FLOPs",
        () -> new RunOpener(FakeTrainee.factory()).start(small));
    TokenFile bytes = TestTokens.write(folder.resolve("bytes.tokens"), 256, List.of(new int[500]));
    assertFails(
        ErrorKind.INPUT_INVALID,
        "vocabulary of the checkpoint must cover the data's ids 0..255, got 16",
        () -> TrainingRun.start(TinyRuns.spec(), checkpoint, bytes, new Budget.Steps(1), out));
    TrainSpec longer = TinyRuns.spec().withBatch(BatchSpec.of(1, 65));
    assertFails(
        ErrorKind.REQUEST_INVALID,
        "sequence must be at most the checkpoint's 64 positions, got 65",
        () -> TrainingRun.start(longer, checkpoint, data, new Budget.Steps(1), out));
    assertThat(out).doesNotExist();
  }

  @Test
  void findsItsDataAgainWhenTheRunIsMoved() throws IOException {
    TokenFile inside = TinyRuns.corpus(out.resolve("data/train.tokens"), 10, 1);
    try (TrainingRun run =
        new RunOpener(FakeTrainee.factory())
            .start(
                new RunRequest(TinyRuns.spec(), checkpoint, inside, new Budget.Steps(12), out))) {
      run.run(
          (line, share) -> {
            if (line.step() == 5) {
              run.requestStop();
            }
          });
    }
    Path moved = folder.resolve("moved");
    Files.move(out, moved);
    try (TrainingRun run = new RunOpener(FakeTrainee.factory()).resume(moved)) {
      assertThat(run.run(ProgressListener.NONE).checkpoint())
          .isEqualTo(moved.resolve("step-00000012"));
    }
  }
}

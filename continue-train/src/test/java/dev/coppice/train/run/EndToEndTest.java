package dev.coppice.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.pytorch.jni.JniUtils;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CoppiceRecord;
import dev.coppice.moe.io.Folders;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.budget.StepCost;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.eval.EvalReport;
import dev.coppice.train.eval.EvalSpec;
import dev.coppice.train.eval.Evaluator;
import dev.coppice.train.eval.HeldOutText;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.metrics.MetricsLog;
import dev.coppice.train.optimizer.LossSpec;
import dev.coppice.train.spec.BatchSpec;
import dev.coppice.train.spec.InitialWeights;
import dev.coppice.train.spec.SaveSpec;
import dev.coppice.train.spec.TrainSpec;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EndToEndTest {
  @TempDir Path folder;
  private Path checkpoint;
  private TokenFile data;

  @BeforeEach
  void makeInputs() throws IOException {
    checkpoint = TinyRuns.checkpoint(folder);
    data = TinyRuns.corpus(folder.resolve("train.tokens"), 100, 1);
  }

  private TrainResult train(TrainSpec spec, Budget budget, String out) throws IOException {
    try (TrainingRun run = TrainingRun.start(spec, checkpoint, data, budget, folder.resolve(out))) {
      return run.run(ProgressListener.NONE);
    }
  }

  private static List<Double> losses(TrainResult result) throws IOException {
    return MetricsLog.read(result.lossCurve()).stream().map(MetricsLine::loss).toList();
  }

  private static void assertSameState(Path one, Path other) {
    for (String file :
        List.of("model.safetensors", "config.json", "coppice-training/optimizer.safetensors")) {
      assertThat(one.resolve(file)).hasSameBinaryContentAs(other.resolve(file));
    }
  }

  private EvalReport judge(Path model) throws IOException {
    try (TokenFile heldOut =
            TinyRuns.corpus(folder.resolve("held-out-" + System.nanoTime()), 30, 2);
        Checkpoint opened = Checkpoint.open(model);
        LanguageModel loaded = LanguageModel.open(opened, Precision.FLOAT32)) {
      return Evaluator.evaluate(loaded, HeldOutText.ofBytes(heldOut), EvalSpec.all(16, 16));
    }
  }

  @Test
  void learnsATaskUpToItsKnownFloor() throws IOException {
    EvalReport before = judge(checkpoint);
    TrainSpec spec = TinyRuns.spec().withBatch(BatchSpec.of(8, 16)).withSave(new SaveSpec(500, 1));
    TrainResult result = train(spec, new Budget.Steps(150), "run");
    EvalReport after = judge(result.checkpoint());
    assertThat(before.loss()).isGreaterThan(2.5);
    // nothing can do better than the floor but by the luck of the sample: 30 · 199 fair coins
    assertThat(after.loss()).isBetween(TinyRuns.FLOOR - 0.01, TinyRuns.FLOOR + 0.06);
    assertThat(after.accuracy()).isBetween(0.45, 0.55);
    assertThat(after.loss()).isBetween(after.intervalLow(), after.intervalHigh());
    assertThat(after.resampled()).isEqualTo("documents");
    assertThat(after.units()).isEqualTo(30);
    assertThat(after.tokens()).isEqualTo(30 * 199);
    assertThat(after.bitsPerByte()).isEqualTo(after.loss() / Math.log(2));
  }

  @Test
  void stopsAtTheLastStepThatItsFlopsHold() throws IOException {
    StepCost cost = StepCost.of(TinyRuns.MODEL, 8, 16);
    BigInteger budget = cost.flops().multiply(BigInteger.valueOf(13)).subtract(BigInteger.ONE);
    TrainResult result = train(TinyRuns.spec(), new Budget.Flops(budget), "run");
    assertThat(result.steps()).isEqualTo(12);
    assertThat(result.extraFlops()).isEqualTo(cost.flops().multiply(BigInteger.valueOf(12)));
    assertThat(result.finished()).isTrue();
    assertThat(result.checkpoint()).isEqualTo(folder.resolve("run/step-00000012"));
    try (Checkpoint made = Checkpoint.open(result.checkpoint())) {
      CoppiceRecord record = made.record().orElseThrow();
      assertThat(record.ledger().extraFlops()).isEqualTo(result.extraFlops());
      assertThat(record.ledger().sunkFlops()).isZero();
    }
  }

  @Test
  void givesTheSameBytesTwiceOnSeveralThreads() throws IOException {
    int threads = JniUtils.getNumThreads();
    JniUtils.setNumThreads(2);
    TrainResult one;
    TrainResult two;
    try {
      one = train(TinyRuns.spec(), new Budget.Steps(6), "one");
      two = train(TinyRuns.spec(), new Budget.Steps(6), "two");
    } finally {
      JniUtils.setNumThreads(threads);
    }
    assertSameState(one.checkpoint(), two.checkpoint());
    assertThat(losses(one)).isEqualTo(losses(two)).doesNotContainNull().hasSize(6);
    TrainResult other = train(TinyRuns.spec().withSeed(4), new Budget.Steps(6), "other");
    assertThat(losses(other)).isNotEqualTo(losses(one));
  }

  @Test
  void resumesToTheBitsOfAnUninterruptedRun() throws IOException {
    TrainResult whole = train(TinyRuns.spec(), new Budget.Steps(25), "whole");
    Path out = folder.resolve("parted");
    try (TrainingRun first =
        TrainingRun.start(TinyRuns.spec(), checkpoint, data, new Budget.Steps(25), out)) {
      TrainResult stopped = first.run((line, share) -> stopAfter(first, line, 7));
      assertThat(stopped.finished()).isFalse();
      assertThat(stopped.steps()).isEqualTo(7);
    }
    try (TrainingRun second = TrainingRun.resume(out)) {
      assertThat(second.spent().steps()).isEqualTo(7);
      second.run((line, share) -> stopAfter(second, line, 13));
    }
    // as if killed between two checkpoints: what came after the last one is lost and done again
    Folders.delete(out.resolve("step-00000013"));

    try (TrainingRun third = TrainingRun.resume(out)) {
      assertThat(third.spent().steps()).isEqualTo(10);
      TrainResult parted = third.run(ProgressListener.NONE);
      assertThat(parted.finished()).isTrue();
      assertSameState(whole.checkpoint(), parted.checkpoint());
      assertThat(losses(parted)).isEqualTo(losses(whole)).hasSize(25);
    }
    try (TrainingRun again = TrainingRun.resume(out)) {
      TrainResult nothingToDo = again.run(ProgressListener.NONE);
      assertThat(nothingToDo.steps()).isEqualTo(25);
      assertThat(nothingToDo.finished()).isTrue();
    }
  }

  private static void stopAfter(TrainingRun run, MetricsLine line, long step) {
    if (line.step() == step) {
      run.requestStop();
    }
  }

  @Test
  void microBatchesAddUpToTheBatch() throws IOException {
    // the load-balancing loss is of each micro-batch by itself, so it stays out of the comparison
    TrainSpec spec = TinyRuns.spec().withLoss(new LossSpec(0, 0));
    TrainResult parted = train(spec, new Budget.Steps(1), "parted");
    TrainResult whole = train(spec.withBatch(BatchSpec.of(8, 16)), new Budget.Steps(1), "whole");
    MetricsLine one = MetricsLog.read(parted.lossCurve()).get(0);
    MetricsLine other = MetricsLog.read(whole.lossCurve()).get(0);
    assertThat(one.loss()).isCloseTo(other.loss(), within(1e-5));
    assertThat(one.gradientNorm()).isCloseTo(other.gradientNorm(), within(1e-5));
  }

  @Test
  void goesOnFromATrainedCheckpointAndSinksItsCost() throws IOException {
    Files.writeString(checkpoint.resolve("tokenizer.json"), "{}");
    Files.writeString(
        checkpoint.resolve("README.md"), "---\nlicense: mit\nbase_model: x\n---\n# Tiny\n");
    TrainResult first = train(TinyRuns.spec(), new Budget.Steps(11), "first");
    Path out = folder.resolve("second");
    TrainSpec fewer = TinyRuns.spec().withSave(new SaveSpec(2, 1));
    try (TrainingRun run =
        TrainingRun.start(fewer, first.checkpoint(), data, new Budget.Steps(5), out)) {
      TrainResult second = run.run(ProgressListener.NONE);
      try (Checkpoint made = Checkpoint.open(second.checkpoint())) {
        CoppiceRecord record = made.record().orElseThrow();
        assertThat(record.ledger().sunkFlops()).isEqualTo(first.extraFlops());
        assertThat(record.ledger().extraFlops()).isEqualTo(second.extraFlops());
        assertThat(made.sideFiles()).containsExactly(made.folder().resolve("tokenizer.json"));
      }
      assertThat(Files.readString(second.checkpoint().resolve("README.md")))
          .contains("license: mit\n")
          .contains("Trained on from step-00000011")
          .doesNotContain("base_model");
    }
    assertThat(out).isDirectoryNotContaining("glob:**step-00000004");
  }

  @Test
  void trainsFreshWeightsInTheShapeOfACheckpoint() throws IOException {
    TrainSpec spec = TinyRuns.spec().withInitialWeights(InitialWeights.FRESH);
    TrainResult one = train(spec, new Budget.Steps(2), "one");
    TrainResult two = train(spec, new Budget.Steps(2), "two");
    TrainResult old = train(TinyRuns.spec(), new Budget.Steps(2), "old");
    assertSameState(one.checkpoint(), two.checkpoint());
    assertThat(losses(one)).isNotEqualTo(losses(old));
    assertThat(Files.readString(one.checkpoint().resolve("README.md")))
        .doesNotContain("base_model");
  }

  @Test
  void trainsInBfloat16() throws IOException {
    TrainSpec spec = TinyRuns.spec().withPrecision(Precision.BF16_MIXED);
    TrainResult result = train(spec, new Budget.Steps(30), "run");
    List<Double> losses = losses(result);
    assertThat(losses.get(29)).isLessThan(losses.get(0) - 1);
  }
}

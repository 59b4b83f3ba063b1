package dev.coppice.train.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.distill.TeacherSpec;
import dev.coppice.train.eval.EvalSpec;
import dev.coppice.train.eval.Evaluator;
import dev.coppice.train.eval.HeldOutText;
import dev.coppice.train.spec.BatchSpec;
import dev.coppice.train.spec.InitialWeights;
import dev.coppice.train.spec.SaveSpec;
import dev.coppice.train.spec.TrainSpec;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A strong teacher of a generated task, whose loss floor is known. */
class KickstartingTest {
  /** Of Student's distribution with five degrees of freedom, for 95 % in the middle. */
  private static final double T_95_OF_6 = 2.571;

  @TempDir Path folder;
  private Path checkpoint;
  private TokenFile data;
  private TokenFile heldOut;
  private Path teacher;

  @BeforeEach
  void trainATeacher() throws IOException {
    checkpoint = TinyRuns.checkpoint(folder);
    data = TinyRuns.corpus(folder.resolve("train.tokens"), 20, 1);
    heldOut = TinyRuns.corpus(folder.resolve("held-out.tokens"), 10, 2);
    TrainSpec long150 = spec(3, null);
    teacher = train(long150, 150, "teacher").checkpoint();
    assertThat(loss(teacher)).isLessThan(TinyRuns.FLOOR + 0.1);
  }

  private static TrainSpec spec(long seed, @Nullable TeacherSpec teacher) {
    return TinyRuns.spec()
        .withSeed(seed)
        .withInitialWeights(InitialWeights.FRESH)
        .withBatch(BatchSpec.of(8, 16))
        .withTeacher(teacher)
        .withSave(new SaveSpec(500, 1));
  }

  private TrainResult train(TrainSpec spec, long steps, String name) throws IOException {
    try (TrainingRun run =
        TrainingRun.start(spec, checkpoint, data, new Budget.Steps(steps), folder.resolve(name))) {
      return run.run(ProgressListener.NONE);
    }
  }

  private double loss(Path model) throws IOException {
    try (Checkpoint opened = Checkpoint.open(model);
        LanguageModel loaded = LanguageModel.open(opened, Precision.FLOAT32)) {
      return Evaluator.evaluate(loaded, HeldOutText.ofBytes(heldOut), EvalSpec.all(16, 16)).loss();
    }
  }

  @Test
  void beatsPlainTrainingInTheSameNumberOfSteps() throws IOException {
    List<Double> gains = new ArrayList<>();
    for (long seed = 11; seed <= 16; seed++) {
      TeacherSpec spec = new TeacherSpec(teacher.toString(), 1, 4, TeacherSpec.Fall.LINEAR, 0.9, 0);
      double plain = loss(train(spec(seed, null), 30, "plain-" + seed).checkpoint());
      double taught = loss(train(spec(seed, spec), 30, "taught-" + seed).checkpoint());
      gains.add(plain - taught);
    }
    double mean = gains.stream().mapToDouble(x -> x).average().orElseThrow();
    double squares = gains.stream().mapToDouble(x -> (x - mean) * (x - mean)).sum();
    double halfWidth = T_95_OF_6 * Math.sqrt(squares / 5 / 6);
    System.out.printf(
        Locale.ROOT,
        "kickstarting, 30 steps, six seeds: held-out loss lower by %.4f [%.4f to %.4f], %s%n",
        mean,
        mean - halfWidth,
        mean + halfWidth,
        gains);
    assertThat(mean - halfWidth).as("lower end of the 95 %% interval of %s", gains).isPositive();
  }

  @Test
  void theBudgetPaysTheTeacherUntilItsWeightIsZero() throws IOException {
    TeacherSpec spec = TeacherSpec.of(teacher.toString());
    TrainResult result = train(spec(11, spec), 8, "paid");
    try (Checkpoint made = Checkpoint.open(result.checkpoint())) {
      var entry = made.record().orElseThrow().ledger().entries().get(0);
      BigInteger forward = entry.uses().get("forward");
      // four of eight steps ask the teacher, whose forward pass costs what the student's does
      assertThat(entry.uses().get("teacher")).isEqualTo(forward.divide(BigInteger.TWO));
      assertThat(entry.uses().get("backward")).isEqualTo(forward.multiply(BigInteger.TWO));
      assertThat(entry.flops())
          .isEqualTo(forward.multiply(BigInteger.valueOf(3)).add(forward.divide(BigInteger.TWO)))
          .isEqualTo(result.extraFlops());
    }
  }
}

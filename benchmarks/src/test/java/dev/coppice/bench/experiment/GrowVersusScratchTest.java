package dev.coppice.bench.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.train.TrainJson;
import dev.coppice.train.optimizer.LossSpec;
import dev.coppice.train.optimizer.OptimizerSpec;
import dev.coppice.train.schedule.Schedule;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole experiment, with models of a few thousand weights and a few steps each. */
final class GrowVersusScratchTest {
  private static final ExperimentSpec SPEC =
      new ExperimentSpec(
          1,
          "miniature",
          5,
          new BaseShape(16, 1, 2, 1, 8, 2, 1, 16),
          new ExperimentGrowth(2, ExperimentGrowth.DepthMethod.INTERPOSE, 2, 0.01),
          new TrainingRecipe(
              2,
              16,
              true,
              new OptimizerSpec(0.01, 0.9, 0.95, 1e-8, 0.1, 1, 5),
              LossSpec.DEFAULT,
              new Schedule.Constant(0.1),
              new Schedule.Cosine(0.1, 0.1)),
          0.25,
          new JudgingRecipe(0.2, 1_000, 100));

  @TempDir private static Path folder;

  private static Path corpus;
  private static Path out;
  private static ExperimentResults results;

  @BeforeAll
  static void runOnce() throws IOException {
    corpus = Files.createDirectory(folder.resolve("text"));
    SplittableRandom random = new SplittableRandom(1);
    for (int file = 0; file < 20; file++) {
      StringBuilder text = new StringBuilder();
      for (int line = 0; line < 20; line++) {
        text.append("line ").append(random.nextInt(10)).append(" of a small text\n");
      }
      Files.writeString(corpus.resolve("file" + file + ".txt"), text);
    }
    out = folder.resolve("out");
    results = GrowVersusScratch.run(request(out));
  }

  private static ExperimentRequest request(Path to) {
    BigInteger step =
        BigInteger.valueOf(SPEC.grownShape().spec(16).flopsPerToken())
            .multiply(BigInteger.valueOf(32));
    Optional<BigInteger> budget = Optional.of(step.multiply(BigInteger.valueOf(6)));
    return new ExperimentRequest(
        SPEC, ImmutableList.of(corpus), to, new ExperimentRequest.Limit(1, budget, budget), true);
  }

  @Test
  void armsSpendTheSameUpToOneStep() {
    BigInteger budget = results.budgets().extraFlops();
    BigInteger baseStep =
        BigInteger.valueOf(SPEC.base().spec(16).flopsPerToken()).multiply(BigInteger.valueOf(32));

    for (Score arm : results.arms()) {
      BigInteger left = budget.subtract(arm.cost().extraFlops());
      assertThat(left.signum()).isNotNegative();
      assertThat(left).as(arm.name()).isLessThan(baseStep);
    }
  }

  @Test
  void ledgerTellsSunkFromExtra() {
    BigInteger base = results.base().cost().sunkFlops();

    assertThat(base.signum()).isPositive();
    assertThat(results.base().cost().extraFlops()).isEqualTo(BigInteger.ZERO);
    assertThat(results.arms())
        .extracting(arm -> arm.cost().sunkFlops())
        .containsExactly(base, BigInteger.ZERO, base);
  }

  @Test
  void folderHoldsEveryCheckpointAndTheReport() throws IOException {
    for (Score score : results.all()) {
      try (Checkpoint checkpoint = Checkpoint.open(out.resolve(score.checkpoint()))) {
        assertThat(checkpoint.spec().parameterCount()).isEqualTo(score.size().parameters());
      }
    }
    try (Checkpoint grown = Checkpoint.open(out.resolve("grown"))) {
      assertThat(grown.spec().layerCount()).isEqualTo(2);
    }
    JsonNode written = TrainJson.mapper().readTree(out.resolve("results.json").toFile());
    assertThat(written.path("arms").path(0).path("heldout_loss").asDouble())
        .isEqualTo(results.arms().get(0).judgement().heldoutLoss());
    assertThat(Files.readString(out.resolve("report.html"))).contains(results.verdict());
    assertThat(out.resolve(".work")).doesNotExist();
    assertThat(out.resolve("curves/kept.jsonl")).isNotEmptyFile();
  }

  @Test
  void everyFigureLiesInItsInterval() {
    for (Score score : results.all()) {
      Score.Judgement j = score.judgement();
      assertThat(j.heldoutLoss()).isBetween(j.intervalLow(), j.intervalHigh());
      assertThat(j.heldoutBitsPerByte()).isBetween(j.bitsPerByteLow(), j.bitsPerByteHigh());
      assertThat(j.heldoutAccuracy()).isBetween(j.accuracyLow(), j.accuracyHigh());
      assertThat(j.heldoutBitsPerByte()).isCloseTo(j.heldoutLoss() / Math.log(2), within(1e-9));
    }
    for (Difference d : results.differences()) {
      assertThat(d.loss()).isBetween(d.intervalLow(), d.intervalHigh());
    }
  }

  private static org.assertj.core.data.Offset<Double> within(double tolerance) {
    return org.assertj.core.data.Offset.offset(tolerance);
  }

  @Test
  void tableShowsAllFourModels() {
    assertThat(ExperimentReport.text(results, out))
        .contains("base ", "grown ", "scratch ", "kept ", "--base-budget")
        .contains(results.verdict());
  }

  @Test
  void sameBudgetsGiveTheSameBytesAndLosses() throws IOException {
    Path again = folder.resolve("again");

    ExperimentResults second = GrowVersusScratch.run(request(again));

    for (int i = 0; i < results.all().size(); i++) {
      Score one = results.all().get(i);
      Score two = second.all().get(i);
      assertThat(two.judgement()).isEqualTo(one.judgement());
      assertThat(weights(again.resolve(two.checkpoint())))
          .as(one.name())
          .isEqualTo(weights(out.resolve(one.checkpoint())));
    }
    assertThat(second.differences()).isEqualTo(results.differences());
  }

  private static String weights(Path checkpoint) throws IOException {
    return MoreFiles.asByteSource(checkpoint.resolve("model.safetensors"))
        .hash(Hashing.sha256())
        .toString();
  }

  @Test
  void existingFolderIsRefused() {
    assertThatThrownBy(() -> GrowVersusScratch.run(request(out)))
        .isInstanceOf(CoppiceException.class)
        .hasMessage("output folder must not exist, got " + out);
  }

  @Test
  void budgetBelowOneStepLeavesNothing() {
    Path to = folder.resolve("small");
    ExperimentRequest request = request(to);
    ExperimentRequest.Limit tiny =
        new ExperimentRequest.Limit(
            1, request.limit().baseFlops(), Optional.of(BigInteger.valueOf(1000)));

    assertThatThrownBy(
            () ->
                GrowVersusScratch.run(
                    new ExperimentRequest(SPEC, request.corpus(), to, tiny, true)))
        .isInstanceOf(CoppiceException.class)
        .hasMessageContaining("budget must hold one step");
    assertThat(to).doesNotExist();
  }

  @Test
  void missingTextLeavesNothing() {
    Path to = folder.resolve("textless");
    ExperimentRequest request =
        new ExperimentRequest(
            SPEC, ImmutableList.of(folder.resolve("nowhere")), to, request(to).limit(), true);

    assertThatThrownBy(() -> GrowVersusScratch.run(request))
        .isInstanceOf(CoppiceException.class)
        .hasMessageContaining("nowhere");
    assertThat(to).doesNotExist();
  }

  @Test
  void aTimeThatIsTooShortIsRefusedWithTheLeastThatWouldDo() {
    ExperimentRequest.Limit limit =
        new ExperimentRequest.Limit(0.6, Optional.empty(), Optional.empty());
    Path none = folder.resolve("none");
    assertThatThrownBy(
            () ->
                GrowVersusScratch.run(
                    new ExperimentRequest(SPEC, ImmutableList.of(corpus), none, limit, true)))
        .isInstanceOf(CoppiceException.class)
        .hasMessageMatching(
            "time must hold a step of each model and their evaluation, got 0.0 minutes; on"
                + " this machine --minutes 0[.][1-9] is the least");
    assertThat(none).doesNotExist();
  }
}

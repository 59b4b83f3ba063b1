package dev.coppice.bench.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.bench.experiment.Budgets.Pace;
import dev.coppice.train.budget.StepCost;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Path;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;

/** Experiments in too little time. */
class EstimatePropertyTest {
  private static final ExperimentSpec DEMO = demo();

  @Property(tries = 200)
  void theLeastTimeHoldsAnExperiment(
      @ForAll @DoubleRange(min = 0.01, max = 30) double baseStep,
      @ForAll @DoubleRange(min = 1, max = 10) double factor,
      @ForAll @DoubleRange(min = 1.01, max = 100) double more) {
    Estimate measured = measured(baseStep, factor);
    double seconds = more * measured.leastSeconds(DEMO);
    ExperimentSpec fitted = measured.fitted(DEMO, seconds);
    Estimate estimate = measured.judging(fitted);
    Budgets budgets = estimate.filling(seconds, fitted.baseShare());
    assertThat(budgets.baseFlops().signum()).isPositive();
    assertThat(budgets.extraFlops().signum()).isPositive();
    assertThat(estimate.total(budgets)).isLessThanOrEqualTo(seconds);
    assertThat(fitted.judging().tokens())
        .isBetween(16L * DEMO.training().sequence(), DEMO.judging().tokens());
  }

  @Property(tries = 50)
  void nothingShrinksWhereTheTimeIsAmple(
      @ForAll @DoubleRange(min = 0.01, max = 0.3) double baseStep) {
    Estimate measured = measured(baseStep, 4);
    assertThat(measured.fitted(DEMO, 3600)).isEqualTo(DEMO);
  }

  private static ExperimentSpec demo() {
    try {
      return ExperimentSpec.read(Path.of("recipes", ExperimentSpec.DEMO + ".json"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Estimate measured(double baseStep, double factor) {
    Pace base = pace(1_000_000, baseStep);
    Pace grown = pace((long) (1_000_000 * factor), factor * baseStep);
    double judged = (double) DEMO.judging().tokens() / DEMO.training().tokensPerStep();
    return new Estimate(base, grown, judged);
  }

  private static Pace pace(long flops, double seconds) {
    BigInteger cost = BigInteger.valueOf(flops);
    return new Pace(new StepCost(1024, cost, cost), seconds);
  }
}

package dev.coppice.bench.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.bench.experiment.Budgets.Pace;
import dev.coppice.moe.CoppiceException;
import dev.coppice.train.budget.StepCost;
import java.math.BigInteger;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.LongRange;

final class BudgetsPropertyTest {

  @Property
  void budgetsFillTheTimeAndAreWholeSteps(
      @ForAll @LongRange(min = 1_000, max = 1_000_000_000_000L) long baseStep,
      @ForAll @LongRange(min = 1_000, max = 1_000_000_000_000L) long grownStep,
      @ForAll @DoubleRange(min = 0.01, max = 1) double baseTime,
      @ForAll @DoubleRange(min = 0.01, max = 1) double grownTime,
      @ForAll @DoubleRange(min = 0.1, max = 0.9) double share) {
    Pace base = pace(baseStep, baseTime);
    Pace grown = pace(grownStep, grownTime);
    double seconds = 10_000 * Math.max(1, (double) grownStep / baseStep);

    Budgets budgets = Budgets.filling(seconds, share, base, grown);

    double filled =
        base.seconds(budgets.baseFlops())
            + base.seconds(budgets.extraFlops())
            + 2 * grown.seconds(budgets.extraFlops());
    double slack = base.seconds(base.cost().flops()) + 2 * grown.secondsPerStep();
    slack += base.seconds(grown.cost().flops());
    assertThat(filled).isBetween(seconds - slack - 1e-3, seconds * (1 + 1e-9));
    assertThat(budgets.baseFlops().mod(base.cost().flops())).isEqualTo(BigInteger.ZERO);
    assertThat(budgets.extraFlops().mod(grown.cost().flops())).isEqualTo(BigInteger.ZERO);
  }

  @Property
  void refillingFitsTheTimeUnlessLittleIsLeft(
      @ForAll @DoubleRange(min = 0, max = 1000) double seconds,
      @ForAll @DoubleRange(min = 0.1, max = 10) double slower) {
    Pace base = pace(1_000, 0.1 * slower);
    Pace grown = pace(4_000, 0.2 * slower);
    Budgets planned = new Budgets(BigInteger.valueOf(100_000), BigInteger.valueOf(400_000));

    Budgets refilled = planned.refilling(seconds, base, grown);

    BigInteger extra = refilled.extraFlops();
    assertThat(refilled.baseFlops()).isEqualTo(planned.baseFlops());
    assertThat(extra.mod(BigInteger.valueOf(4_000))).isEqualTo(BigInteger.ZERO);
    assertThat(extra).isGreaterThanOrEqualTo(BigInteger.valueOf(100_000));
    double filled = base.seconds(extra) + 2 * grown.seconds(extra);
    if (extra.compareTo(BigInteger.valueOf(100_000)) > 0) {
      assertThat(filled).isLessThanOrEqualTo(seconds * (1 + 1e-9));
    }
  }

  @Example
  void timeBelowOneStepIsRefused() {
    assertThatThrownBy(() -> Budgets.filling(0.9, 0.5, pace(1000, 1), pace(1000, 1)))
        .isInstanceOf(CoppiceException.class)
        .hasMessage(
            "time must hold a step of each model and their evaluation, got 6 s too few on"
                + " this machine; give at least 0.2 minutes more");
  }

  private static Pace pace(long flops, double seconds) {
    BigInteger cost = BigInteger.valueOf(flops);
    return new Pace(new StepCost(1024, cost, cost), seconds);
  }
}

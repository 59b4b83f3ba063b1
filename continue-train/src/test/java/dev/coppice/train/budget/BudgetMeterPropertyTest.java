package dev.coppice.train.budget;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.BigRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

class BudgetMeterPropertyTest {
  private static BudgetMeter spendAll(Budget budget, StepCost cost) {
    BudgetMeter meter = new BudgetMeter(budget, cost, Spent.NOTHING);
    double before = -1;
    while (meter.fits()) {
      assertThat(meter.share()).isBetween(0.0, 1.0).isGreaterThan(before);
      assertThat(meter.shareInNextStep()).isGreaterThan(meter.share()).isLessThanOrEqualTo(1);
      before = meter.share();
      meter.spend(0.5);
    }
    return meter;
  }

  @Property(tries = 300)
  void flopsAreNeverExceededAndLessThanAStepIsLeft(
      @ForAll @BigRange(min = "1", max = "1000000000000000000000000") BigInteger step,
      @ForAll @IntRange(min = 1, max = 200) int steps,
      @ForAll @BigRange(min = "0", max = "1000000000000000000000000") BigInteger rest) {
    BigInteger limit = step.multiply(BigInteger.valueOf(steps)).add(rest.mod(step));
    StepCost cost = new StepCost(7, step, step.multiply(BigInteger.TWO));
    BudgetMeter meter = spendAll(new Budget.Flops(limit), cost);
    assertThat(meter.spent().steps()).isEqualTo(steps);
    assertThat(meter.spent().flops()).isLessThanOrEqualTo(limit);
    assertThat(limit.subtract(meter.spent().flops())).isLessThan(step);
    assertThat(meter.spent().flopsWithAttention())
        .isEqualTo(meter.spent().flops().multiply(BigInteger.TWO));
  }

  @Property(tries = 300)
  void tokensAreNeverExceededAndLessThanAStepIsLeft(
      @ForAll @LongRange(min = 1, max = 1000) long step,
      @ForAll @LongRange(min = 1, max = 100_000) long limit) {
    StepCost cost = new StepCost(step, BigInteger.ONE, BigInteger.ONE);
    if (limit < step) {
      return;
    }
    BudgetMeter meter = spendAll(new Budget.Tokens(limit), cost);
    assertThat(meter.spent().tokens()).isLessThanOrEqualTo(limit);
    assertThat(limit - meter.spent().tokens()).isLessThan(step);
  }

  @Property(tries = 50)
  void stepsAreTakenExactly(@ForAll @IntRange(min = 1, max = 300) int limit) {
    StepCost cost = new StepCost(1, BigInteger.ONE, BigInteger.ONE);
    assertThat(spendAll(new Budget.Steps(limit), cost).spent().steps()).isEqualTo(limit);
  }

  @Property(tries = 50)
  void goesOnFromWhatIsSpent(
      @ForAll @IntRange(min = 2, max = 100) int steps, @ForAll @IntRange(max = 99) int done) {
    StepCost cost = new StepCost(3, BigInteger.TEN, BigInteger.TEN);
    Budget budget = new Budget.Flops(BigInteger.valueOf(10L * steps + 9));
    BudgetMeter whole = new BudgetMeter(budget, cost, Spent.NOTHING);
    for (int i = 0; i < Math.min(done, steps); i++) {
      whole.spend(0);
    }
    BudgetMeter resumed = new BudgetMeter(budget, cost, whole.spent());
    assertThat(resumed.fits()).isEqualTo(whole.fits());
    assertThat(resumed.shareInNextStep()).isEqualTo(whole.shareInNextStep());
  }

  @Property(tries = 300)
  void foretellsWhatWillBeSpent(
      @ForAll @IntRange(min = 1, max = 50) int step,
      @ForAll @IntRange(max = 50) int teacher,
      @ForAll @IntRange(max = 99) int until,
      @ForAll @IntRange(min = 100, max = 5000) int limit) {
    StepCost alone = new StepCost(3, BigInteger.valueOf(step), BigInteger.valueOf(step + 1L));
    StepCost taught =
        new StepCost(
            3,
            alone.flops(),
            alone.flopsWithAttention(),
            BigInteger.valueOf(teacher),
            BigInteger.valueOf(teacher));
    BudgetMeter meter =
        new BudgetMeter(
            new Budget.Flops(BigInteger.valueOf(limit)),
            share -> 100 * share < until ? taught : alone,
            Spent.NOTHING);
    Spent foretold = meter.forecast().orElseThrow();
    while (meter.fits()) {
      meter.spend(0);
    }
    assertThat(foretold).isEqualTo(meter.spent());
    assertThat(meter.forecast()).contains(foretold);
  }
}

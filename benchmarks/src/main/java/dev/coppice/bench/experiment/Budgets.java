package dev.coppice.bench.experiment;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.budget.StepCost;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Locale;

/**
 * The budgets of an experiment, in FLOPs by the 6·N_active convention.
 *
 * @param baseFlops on training the base
 * @param extraFlops on each of the three arms
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record Budgets(BigInteger baseFlops, BigInteger extraFlops) {
  /** Checks signs. */
  public Budgets {
    checkArgument(baseFlops.signum() > 0, "base budget must be positive, got %s", baseFlops);
    checkArgument(extraFlops.signum() > 0, "extra budget must be positive, got %s", extraFlops);
  }

  /**
   * Budgets that fill a given time: the base takes its share, the arms the rest, all three at the
   * same FLOPs. Rounded down to whole steps, of the base and of the grown model, so that two of the
   * three arms spend theirs to the last FLOP.
   *
   * @param seconds to fill
   * @param baseShare share of the time for the base
   * @param base speed and step of the base's shape
   * @param grown speed and step of the grown shape
   * @throws CoppiceException when the time does not hold a step of each
   */
  static Budgets filling(double seconds, double baseShare, Pace base, Pace grown) {
    double baseFlops = baseShare * seconds * base.flopsPerSecond();
    double extraFlops = extraFlops((1 - baseShare) * seconds, base, grown);
    double least = leastSeconds(baseShare, base, grown);
    return new Budgets(
        wholeSteps(baseFlops, base.cost(), least - seconds),
        wholeSteps(extraFlops, grown.cost(), least - seconds));
  }

  /** The time that holds one step of each model. */
  static double leastSeconds(double baseShare, Pace base, Pace grown) {
    double arms = grown.cost().flops().doubleValue() / extraFlops(1, base, grown);
    return Math.max(base.secondsPerStep() / baseShare, arms / (1 - baseShare));
  }

  /**
   * The same base budget, with an extra budget that fills what time is left, but at least a quarter
   * of this one: so much must remain to be learned from.
   *
   * @param seconds that are left for the arms
   * @param base speed and step of the base's shape, as it turned out
   * @param grown speed and step of the grown shape
   */
  Budgets refilling(double seconds, Pace base, Pace grown) {
    double quarter = extraFlops.doubleValue() / 4;
    double flops = Math.max(quarter, extraFlops(seconds, base, grown));
    BigInteger steps = BigDecimal.valueOf(flops).toBigInteger().divide(grown.cost().flops());
    return new Budgets(baseFlops, steps.max(BigInteger.ONE).multiply(grown.cost().flops()));
  }

  /** The budget of each arm, if all three run one after the other in so much time. */
  private static double extraFlops(double seconds, Pace base, Pace grown) {
    return seconds / (2 / grown.flopsPerSecond() + 1 / base.flopsPerSecond());
  }

  private static BigInteger wholeSteps(double flops, StepCost cost, double missing) {
    BigInteger steps = BigDecimal.valueOf(Math.max(0, flops)).toBigInteger().divide(cost.flops());
    if (steps.signum() == 0) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID,
          String.format(
              Locale.ROOT,
              "time must hold a step of each model and their evaluation, got %.0f s too few"
                  + " on this machine; give at least %.1f minutes more",
              Math.ceil(missing),
              Math.ceil(missing / 6 + 1) / 10));
    }
    return steps.multiply(cost.flops());
  }

  /**
   * How fast one shape trains.
   *
   * @param cost of a step
   * @param secondsPerStep measured; positive
   */
  record Pace(StepCost cost, double secondsPerStep) {
    Pace {
      checkArgument(secondsPerStep > 0, "a step must take time, got %s s", secondsPerStep);
    }

    double flopsPerSecond() {
      return cost.flops().doubleValue() / secondsPerStep;
    }

    /** The same step, slower by a factor. */
    Pace slowed(double factor) {
      return new Pace(cost, secondsPerStep * factor);
    }

    /** Time to spend so many FLOPs. */
    double seconds(BigInteger flops) {
      return flops.doubleValue() / flopsPerSecond();
    }
  }
}

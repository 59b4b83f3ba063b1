package dev.coppice.train.budget;

import static com.google.common.base.Preconditions.checkState;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import java.math.BigInteger;
import java.util.Locale;

/**
 * Counts what steps cost against a budget. All counts but time are integers, so that the same run
 * stops at the same step everywhere.
 *
 * <p>Not thread-safe.
 */
public final class BudgetMeter {
  private final Budget budget;
  private final StepCost cost;
  private Spent spent;
  private double lastStepSeconds;

  /**
   * A meter that goes on from what is spent.
   *
   * @param budget that limits the run
   * @param cost of one step
   * @param spent so far; {@link Spent#NOTHING} for a new run
   * @throws CoppiceException when the budget is smaller than one step
   */
  public BudgetMeter(Budget budget, StepCost cost, Spent spent) {
    this.budget = budget;
    this.cost = cost;
    this.spent = spent;
    checkOneStepFits();
  }

  private void checkOneStepFits() {
    if (budget instanceof Budget.Flops flops && flops.amount().compareTo(cost.flops()) < 0) {
      throw tooSmall(flops.amount(), cost.flops(), "FLOPs");
    }
    if (budget instanceof Budget.Tokens tokens && tokens.amount() < cost.tokens()) {
      throw tooSmall(tokens.amount(), cost.tokens(), "tokens");
    }
  }

  private static CoppiceException tooSmall(Number amount, Number step, String unit) {
    return new CoppiceException(
        ExitCode.USAGE,
        String.format(
            Locale.ROOT,
            "budget must hold one step of %s %s, got %s %s",
            step,
            unit,
            amount,
            unit));
  }

  /** Whether one step more stays within the budget; of time, whether one like the last does. */
  public boolean fits() {
    if (budget instanceof Budget.Flops flops) {
      return spent.flops().add(cost.flops()).compareTo(flops.amount()) <= 0;
    }
    if (budget instanceof Budget.Tokens tokens) {
      return spent.tokens() + cost.tokens() <= tokens.amount();
    }
    if (budget instanceof Budget.Steps steps) {
      return spent.steps() < steps.amount();
    }
    return spent.seconds() + lastStepSeconds <= ((Budget.WallClock) budget).amount();
  }

  /**
   * Counts a step.
   *
   * @param seconds that it took
   */
  public void spend(double seconds) {
    checkState(fits(), "a step must fit the budget, got spent %s of %s", spent, budget);
    spent = spent.plus(cost, seconds);
    lastStepSeconds = seconds;
  }

  /** What is spent so far. */
  public Spent spent() {
    return spent;
  }

  /** What one step costs. */
  public StepCost cost() {
    return cost;
  }

  /** The share of the budget that is spent, in [0, 1]. */
  public double share() {
    return share(0);
  }

  /**
   * The share that will be spent half-way through the next step, in (0, 1]: where the learning rate
   * is read, so that neither the first step of a warm-up nor the last of a decay is without effect.
   */
  public double shareInNextStep() {
    return share(0.5);
  }

  private double share(double steps) {
    if (budget instanceof Budget.Flops flops) {
      return share(spent.flops(), cost.flops(), flops.amount(), steps);
    }
    if (budget instanceof Budget.Tokens tokens) {
      return Math.min(1, (spent.tokens() + steps * cost.tokens()) / tokens.amount());
    }
    if (budget instanceof Budget.Steps all) {
      return Math.min(1, (spent.steps() + steps) / all.amount());
    }
    double limit = ((Budget.WallClock) budget).amount();
    return Math.min(1, (spent.seconds() + steps * lastStepSeconds) / limit);
  }

  private static double share(BigInteger spent, BigInteger step, BigInteger limit, double steps) {
    double done = spent.doubleValue() + steps * step.doubleValue();
    return Math.min(1, done / limit.doubleValue());
  }
}

package dev.coppice.train.budget;

import static com.google.common.base.Preconditions.checkState;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.math.BigInteger;
import java.util.Locale;
import java.util.Optional;
import java.util.function.DoubleFunction;

/**
 * Counts what steps cost against a budget. All counts but time are integers, so that the same run
 * stops at the same step everywhere.
 *
 * <p>Not thread-safe.
 */
public final class BudgetMeter {
  private final Budget budget;
  private final DoubleFunction<StepCost> costs;
  private Spent spent;
  private double lastStepSeconds;

  /**
   * A meter of steps that all cost the same.
   *
   * @param budget that limits the run
   * @param cost of one step
   * @param spent so far; {@link Spent#NOTHING} for a new run
   * @throws CoppiceException when the budget is smaller than one step
   */
  public BudgetMeter(Budget budget, StepCost cost, Spent spent) {
    this(budget, share -> cost, spent);
  }

  /**
   * A meter that continues from a spent amount.
   *
   * @param budget that limits the run
   * @param costs of a step, by the share of the budget that is spent before it
   * @param spent so far; {@link Spent#NOTHING} for a new run
   * @throws CoppiceException when the budget is smaller than its first step
   */
  public BudgetMeter(Budget budget, DoubleFunction<StepCost> costs, Spent spent) {
    this.budget = budget;
    this.costs = costs;
    this.spent = spent;
    checkOneStepFits();
  }

  private void checkOneStepFits() {
    budget
        .least(costs.apply(0))
        .filter(amount -> !amount.holdsAStep())
        .ifPresent(
            amount -> {
              throw tooSmall(amount);
            });
  }

  private static CoppiceException tooSmall(Budget.Amount amount) {
    return new CoppiceException(
        ErrorKind.REQUEST_INVALID,
        String.format(
            Locale.ROOT,
            "budget must hold one step of %s %s, got %s %s",
            amount.step(),
            amount.unit(),
            amount.budget(),
            amount.unit()));
  }

  /** Whether one step more stays within the budget; of time, whether one like the last does. */
  public boolean fits() {
    return fits(spent, cost());
  }

  private boolean fits(Spent state, StepCost next) {
    return budget.allows(state.plus(next, lastStepSeconds));
  }

  /**
   * Counts a step.
   *
   * @param seconds that it took
   */
  public void spend(double seconds) {
    checkState(fits(), "a step must fit the budget, got spent %s of %s", spent, budget);
    spent = spent.plus(cost(), seconds);
    lastStepSeconds = seconds;
  }

  /**
   * Counts an evaluation, which no budget pays.
   *
   * @param flops 2·N_active a token
   */
  public void evaluated(BigInteger flops) {
    spent = spent.plusEvaluation(flops);
  }

  /**
   * The total at the end of the budget; nothing for a budget of time, or where steps are too many
   * to count.
   */
  public Optional<Spent> forecast() {
    try {
      return budget.foreseeable() ? Optional.of(walk()) : Optional.empty();
    } catch (ArithmeticException e) {
      return Optional.empty();
    }
  }

  private Spent walk() {
    Spent walked = spent;
    while (fits(walked, costs.apply(budget.share(walked)))) {
      StepCost cost = costs.apply(budget.share(walked));
      walked = walked.plus(cost, stepsOf(cost, walked), 0);
    }
    return walked;
  }

  /** How many steps of one cost follow one another from a state on; at least 1. */
  private long stepsOf(StepCost cost, Spent from) {
    long known = 1;
    while (another(cost, from.plus(cost, 2 * known - 1, 0))) {
      known *= 2;
    }
    for (long more = known; more > 0; more /= 2) {
      if (another(cost, from.plus(cost, known + more - 1, 0))) {
        known += more;
      }
    }
    return known;
  }

  private boolean another(StepCost cost, Spent state) {
    return costs.apply(budget.share(state)).equals(cost) && fits(state, cost);
  }

  /** The spent amounts so far. */
  public Spent spent() {
    return spent;
  }

  /** The cost of the next step. */
  public StepCost cost() {
    return costs.apply(share());
  }

  /** The share of the budget that is spent, in [0, 1]. */
  public double share() {
    return budget.share(spent);
  }

  /**
   * The share that will be spent half-way through the next step, in (0, 1]: where the learning rate
   * is read, so that neither the first step of a warm-up nor the last of a decay is without effect.
   */
  public double shareInNextStep() {
    return budget.shareHalfWay(spent, cost(), lastStepSeconds);
  }
}

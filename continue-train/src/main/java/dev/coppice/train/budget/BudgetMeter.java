package dev.coppice.train.budget;

import static com.google.common.base.Preconditions.checkState;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
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
   * A meter that goes on from what is spent.
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
    StepCost first = costs.apply(0);
    if (budget instanceof Budget.Flops flops && flops.amount().compareTo(first.totalFlops()) < 0) {
      throw tooSmall(flops.amount(), first.totalFlops(), "FLOPs");
    }
    if (budget instanceof Budget.ModelFlops flops
        && flops.amount().compareTo(first.totalFlopsWithAttention()) < 0) {
      throw tooSmall(flops.amount(), first.totalFlopsWithAttention(), "model FLOPs");
    }
    if (budget instanceof Budget.Tokens tokens && tokens.amount() < first.tokens()) {
      throw tooSmall(tokens.amount(), first.tokens(), "tokens");
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
    return fits(spent, cost());
  }

  private boolean fits(Spent state, StepCost next) {
    if (budget instanceof Budget.Flops flops) {
      return state.totalFlops().add(next.totalFlops()).compareTo(flops.amount()) <= 0;
    }
    if (budget instanceof Budget.ModelFlops flops) {
      BigInteger after = state.totalFlopsWithAttention().add(next.totalFlopsWithAttention());
      return after.compareTo(flops.amount()) <= 0;
    }
    if (budget instanceof Budget.Tokens tokens) {
      return state.tokens() + next.tokens() <= tokens.amount();
    }
    if (budget instanceof Budget.Steps steps) {
      return state.steps() < steps.amount();
    }
    return state.seconds() + lastStepSeconds <= ((Budget.WallClock) budget).amount();
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
   * What will be spent when the budget is; nothing for a budget of time, or where steps are too
   * many to count.
   */
  public Optional<Spent> forecast() {
    try {
      return budget instanceof Budget.WallClock ? Optional.empty() : Optional.of(walk());
    } catch (ArithmeticException e) {
      return Optional.empty();
    }
  }

  private Spent walk() {
    Spent walked = spent;
    while (fits(walked, costs.apply(share(walked)))) {
      StepCost cost = costs.apply(share(walked));
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
    return costs.apply(share(state)).equals(cost) && fits(state, cost);
  }

  /** What is spent so far. */
  public Spent spent() {
    return spent;
  }

  /** What the next step costs. */
  public StepCost cost() {
    return costs.apply(share());
  }

  /** The share of the budget that is spent, in [0, 1]. */
  public double share() {
    return share(spent);
  }

  private double share(Spent state) {
    if (budget instanceof Budget.Flops flops) {
      return share(state.totalFlops().doubleValue(), flops.amount().doubleValue());
    }
    if (budget instanceof Budget.ModelFlops flops) {
      return share(state.totalFlopsWithAttention().doubleValue(), flops.amount().doubleValue());
    }
    if (budget instanceof Budget.Tokens tokens) {
      return share((double) state.tokens(), (double) tokens.amount());
    }
    if (budget instanceof Budget.Steps steps) {
      return share((double) state.steps(), (double) steps.amount());
    }
    return share(state.seconds(), ((Budget.WallClock) budget).amount());
  }

  /**
   * The share that will be spent half-way through the next step, in (0, 1]: where the learning rate
   * is read, so that neither the first step of a warm-up nor the last of a decay is without effect.
   */
  public double shareInNextStep() {
    StepCost next = cost();
    if (budget instanceof Budget.Flops flops) {
      return Math.min(1, share() + 0.5 * ratio(next.totalFlops(), flops.amount()));
    }
    if (budget instanceof Budget.ModelFlops flops) {
      return Math.min(1, share() + 0.5 * ratio(next.totalFlopsWithAttention(), flops.amount()));
    }
    if (budget instanceof Budget.Tokens tokens) {
      return share(spent.tokens() + 0.5 * next.tokens(), (double) tokens.amount());
    }
    if (budget instanceof Budget.Steps steps) {
      return share(spent.steps() + 0.5, (double) steps.amount());
    }
    double limit = ((Budget.WallClock) budget).amount();
    return share(spent.seconds() + 0.5 * lastStepSeconds, limit);
  }

  private static double ratio(BigInteger part, BigInteger whole) {
    return part.doubleValue() / whole.doubleValue();
  }

  private static double share(double done, double limit) {
    return Math.min(1, done / limit);
  }
}

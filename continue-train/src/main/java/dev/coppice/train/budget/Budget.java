package dev.coppice.train.budget;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.coppice.moe.cli.NumberConverters;
import dev.coppice.moe.report.Quantity;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * How much a run may spend on top of what its checkpoint has cost already. Its spent share drives
 * the learning rate; the run stops at the last step that fits.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "unit")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Budget.Flops.class, name = "flops"),
  @JsonSubTypes.Type(value = Budget.ModelFlops.class, name = "model_flops"),
  @JsonSubTypes.Type(value = Budget.Tokens.class, name = "tokens"),
  @JsonSubTypes.Type(value = Budget.Steps.class, name = "steps"),
  @JsonSubTypes.Type(value = Budget.WallClock.class, name = "seconds")
})
public sealed interface Budget {

  /**
   * Whether the budget holds what a run will have spent after one step more.
   *
   * @param after with that step; its time is that of the step before
   */
  boolean allows(Spent after);

  /** The share of the budget that is spent, in [0, 1]. */
  double share(Spent spent);

  /**
   * The share that will be spent half-way through a step, in (0, 1].
   *
   * @param spent before the step
   * @param next cost of the step
   * @param seconds of the step before
   */
  double shareHalfWay(Spent spent, StepCost next, double seconds);

  /** The budget beside one step, in its unit; empty where any budget holds a step. */
  Optional<Amount> least(StepCost step);

  /** The budget spent, such as {@code 1.2e9 of 3e15 FLOPs}. */
  String progress(Spent spent);

  /** Whether the number of steps is known in advance. */
  default boolean foreseeable() {
    return true;
  }

  /**
   * A budget beside one step.
   *
   * @param budget amount that may be spent
   * @param step amount that a step costs
   * @param unit plural
   */
  record Amount(Number budget, Number step, String unit) {
    boolean holdsAStep() {
      return new BigDecimal(budget.toString()).compareTo(new BigDecimal(step.toString())) >= 0;
    }
  }

  /**
   * Extra FLOPs by the 6·N_active convention, exact at any size.
   *
   * @param amount of FLOPs; positive
   */
  record Flops(BigInteger amount) implements Budget {
    /** Checks the sign. */
    public Flops {
      checkArgument(amount.signum() > 0, "budget must be positive, got %s FLOPs", amount);
    }

    @Override
    public boolean allows(Spent after) {
      return after.totalFlops().compareTo(amount) <= 0;
    }

    @Override
    public double share(Spent spent) {
      return Amounts.share(spent.totalFlops(), amount);
    }

    @Override
    public double shareHalfWay(Spent spent, StepCost next, double seconds) {
      return Amounts.halfWay(share(spent), next.totalFlops(), amount);
    }

    @Override
    public Optional<Amount> least(StepCost step) {
      return Optional.of(new Amount(amount, step.totalFlops(), "FLOPs"));
    }

    @Override
    public String progress(Spent spent) {
      return Amounts.scientific(spent.totalFlops())
          + " of "
          + Amounts.scientific(amount)
          + " FLOPs";
    }
  }

  /**
   * Extra FLOPs with attention: 6·N_active a token and the attention scores over the full square.
   *
   * @param amount of FLOPs; positive
   */
  record ModelFlops(BigInteger amount) implements Budget {
    /** Checks the sign. */
    public ModelFlops {
      checkArgument(amount.signum() > 0, "budget must be positive, got %s model FLOPs", amount);
    }

    @Override
    public boolean allows(Spent after) {
      return after.totalFlopsWithAttention().compareTo(amount) <= 0;
    }

    @Override
    public double share(Spent spent) {
      return Amounts.share(spent.totalFlopsWithAttention(), amount);
    }

    @Override
    public double shareHalfWay(Spent spent, StepCost next, double seconds) {
      return Amounts.halfWay(share(spent), next.totalFlopsWithAttention(), amount);
    }

    @Override
    public Optional<Amount> least(StepCost step) {
      return Optional.of(new Amount(amount, step.totalFlopsWithAttention(), "model FLOPs"));
    }

    @Override
    public String progress(Spent spent) {
      return Amounts.scientific(spent.totalFlopsWithAttention())
          + " of "
          + Amounts.scientific(amount)
          + " model FLOPs";
    }
  }

  /**
   * Tokens of training.
   *
   * @param amount of tokens; positive
   */
  record Tokens(long amount) implements Budget {
    /** Checks the sign. */
    public Tokens {
      checkArgument(amount > 0, "budget must be positive, got %s tokens", amount);
    }

    @Override
    public boolean allows(Spent after) {
      return after.tokens() <= amount;
    }

    @Override
    public double share(Spent spent) {
      return Amounts.share((double) spent.tokens(), (double) amount);
    }

    @Override
    public double shareHalfWay(Spent spent, StepCost next, double seconds) {
      return Amounts.share(spent.tokens() + 0.5 * next.tokens(), (double) amount);
    }

    @Override
    public Optional<Amount> least(StepCost step) {
      return Optional.of(new Amount(amount, step.tokens(), "tokens"));
    }

    @Override
    public String progress(Spent spent) {
      return Quantity.si(spent.tokens()) + " of " + Quantity.si(amount) + " tokens";
    }
  }

  /**
   * Optimizer steps.
   *
   * @param amount of steps; positive
   */
  record Steps(long amount) implements Budget {
    /** Checks the sign. */
    public Steps {
      checkArgument(amount > 0, "budget must be positive, got %s steps", amount);
    }

    @Override
    public boolean allows(Spent after) {
      return after.steps() <= amount;
    }

    @Override
    public double share(Spent spent) {
      return Amounts.share((double) spent.steps(), (double) amount);
    }

    @Override
    public double shareHalfWay(Spent spent, StepCost next, double seconds) {
      return Amounts.share(spent.steps() + 0.5, (double) amount);
    }

    @Override
    public Optional<Amount> least(StepCost step) {
      return Optional.empty();
    }

    @Override
    public String progress(Spent spent) {
      return spent.steps() + " of " + amount + " steps";
    }
  }

  /**
   * Time spent in steps. The one budget whose runs do not repeat exactly.
   *
   * @param amount of seconds; positive
   */
  record WallClock(double amount) implements Budget {
    /** Checks the sign. */
    public WallClock {
      checkArgument(
          amount > 0 && amount < Double.POSITIVE_INFINITY,
          "budget must be positive, got %s seconds",
          amount);
    }

    @Override
    public boolean allows(Spent after) {
      return after.seconds() <= amount;
    }

    @Override
    public double share(Spent spent) {
      return Amounts.share(spent.seconds(), amount);
    }

    @Override
    public double shareHalfWay(Spent spent, StepCost next, double seconds) {
      return Amounts.share(spent.seconds() + 0.5 * seconds, amount);
    }

    @Override
    public Optional<Amount> least(StepCost step) {
      return Optional.empty();
    }

    @Override
    public String progress(Spent spent) {
      return Amounts.clock(spent.seconds()) + " of " + Amounts.clock(amount) + " h";
    }

    @Override
    public boolean foreseeable() {
      return false;
    }

    /**
     * So much time.
     *
     * @param duration positive
     */
    public static WallClock of(Duration duration) {
      return new WallClock(duration.toNanos() / 1e9);
    }
  }

  /**
   * Reads an amount of FLOPs such as {@code 3e15} or {@code 2500000}.
   *
   * @param text a decimal number that is whole
   * @throws IllegalArgumentException when it is not one
   */
  static Flops parseFlops(String text) {
    return new Flops(parse(text));
  }

  /**
   * Reads an amount of FLOPs with attention.
   *
   * @param text a decimal number that is whole
   * @throws IllegalArgumentException when it is not one
   */
  static ModelFlops parseModelFlops(String text) {
    return new ModelFlops(parse(text));
  }

  private static BigInteger parse(String text) {
    try {
      return NumberConverters.whole(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "budget must be a whole number such as 3e15, got %s", text),
          e);
    }
  }
}

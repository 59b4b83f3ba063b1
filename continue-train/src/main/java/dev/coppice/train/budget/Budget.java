package dev.coppice.train.budget;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.coppice.moe.cli.NumberConverters;
import java.math.BigInteger;
import java.time.Duration;
import java.util.Locale;

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
   * Extra FLOPs by the 6·N_active convention, exact at any size.
   *
   * @param amount of FLOPs; positive
   */
  record Flops(BigInteger amount) implements Budget {
    /** Checks the sign. */
    public Flops {
      checkArgument(amount.signum() > 0, "budget must be positive, got %s FLOPs", amount);
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

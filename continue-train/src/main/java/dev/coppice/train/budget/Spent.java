package dev.coppice.train.budget;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.math.BigInteger;

/**
 * What a run has spent so far.
 *
 * @param steps optimizer steps, skipped ones included
 * @param tokens inputs trained on
 * @param flops by the 6·N_active convention
 * @param flopsWithAttention the same and attention
 * @param seconds in steps; not in saving or evaluating
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record Spent(
    long steps, long tokens, BigInteger flops, BigInteger flopsWithAttention, double seconds) {
  /** Nothing. */
  public static final Spent NOTHING = new Spent(0, 0, BigInteger.ZERO, BigInteger.ZERO, 0);

  /** Checks signs. */
  public Spent {
    checkArgument(steps >= 0 && tokens >= 0, "spent steps must not be negative, got %s", steps);
    checkArgument(seconds >= 0, "spent seconds must not be negative, got %s", seconds);
  }

  /**
   * This and one step more.
   *
   * @param cost of the step
   * @param stepSeconds that it took
   */
  public Spent plus(StepCost cost, double stepSeconds) {
    return new Spent(
        steps + 1,
        Math.addExact(tokens, cost.tokens()),
        flops.add(cost.flops()),
        flopsWithAttention.add(cost.flopsWithAttention()),
        seconds + stepSeconds);
  }
}

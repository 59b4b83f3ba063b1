package dev.coppice.train.budget;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.math.BigInteger;

/**
 * The spent amounts of a run.
 *
 * @param steps optimizer steps, skipped ones included
 * @param tokens inputs trained on
 * @param flops of training, by the 6·N_active convention
 * @param flopsWithAttention the same and attention
 * @param teacherFlops of a teacher's forward passes
 * @param teacherFlopsWithAttention the same and attention
 * @param evaluationFlops of evaluations, 2·N_active a token; no budget pays them
 * @param seconds in steps; not in saving or evaluating
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record Spent(
    long steps,
    long tokens,
    BigInteger flops,
    BigInteger flopsWithAttention,
    BigInteger teacherFlops,
    BigInteger teacherFlopsWithAttention,
    BigInteger evaluationFlops,
    double seconds) {
  /** Nothing. */
  public static final Spent NOTHING =
      new Spent(
          0,
          0,
          BigInteger.ZERO,
          BigInteger.ZERO,
          BigInteger.ZERO,
          BigInteger.ZERO,
          BigInteger.ZERO,
          0);

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
    return plus(cost, 1, stepSeconds);
  }

  /** This and several steps more, of one cost. */
  Spent plus(StepCost cost, long count, double countSeconds) {
    BigInteger times = BigInteger.valueOf(count);
    return new Spent(
        Math.addExact(steps, count),
        Math.addExact(tokens, Math.multiplyExact(cost.tokens(), count)),
        flops.add(cost.flops().multiply(times)),
        flopsWithAttention.add(cost.flopsWithAttention().multiply(times)),
        teacherFlops.add(cost.teacherFlops().multiply(times)),
        teacherFlopsWithAttention.add(cost.teacherFlopsWithAttention().multiply(times)),
        evaluationFlops,
        seconds + countSeconds);
  }

  /**
   * This and an evaluation.
   *
   * @param evaluated FLOPs of it
   */
  public Spent plusEvaluation(BigInteger evaluated) {
    return new Spent(
        steps,
        tokens,
        flops,
        flopsWithAttention,
        teacherFlops,
        teacherFlopsWithAttention,
        evaluationFlops.add(evaluated),
        seconds);
  }

  /** FLOPs that count against the budget: training and teacher. */
  public BigInteger totalFlops() {
    return flops.add(teacherFlops);
  }

  /** FLOPs with attention that count against the budget. */
  public BigInteger totalFlopsWithAttention() {
    return flopsWithAttention.add(teacherFlopsWithAttention);
  }
}

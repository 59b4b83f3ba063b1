package dev.coppice.train.metrics;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/**
 * One step of a run.
 *
 * <p>Losses are of the batch before the update, in nats a counted token. A number that is not
 * finite is null.
 *
 * @param step number of the step, from 1
 * @param tokens trained on so far in this run
 * @param extraFlops spent so far in this run: 6·N_active a token, and a teacher's forward passes
 * @param modelFlops the same with attention
 * @param loss cross-entropy
 * @param loadBalance load-balancing loss, unweighted
 * @param z router z loss, unweighted
 * @param distillation divergence from the teacher in nats a counted token; 0 where it was not run
 * @param loadImbalance the busiest expert's load over the mean, in the layer where that is largest
 * @param deadExperts experts, over all layers, that took no token
 * @param learningRate of the update
 * @param gradientNorm before clipping
 * @param skipped whether the update was left out: loss or gradient were not finite, or a spike
 * @param tokensPerSecond of this step
 * @param seconds spent in steps so far in this run
 * @param waitSeconds of this step that went into reading its data
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record MetricsLine(
    long step,
    long tokens,
    BigInteger extraFlops,
    BigInteger modelFlops,
    @Nullable Double loss,
    @Nullable Double loadBalance,
    @Nullable Double z,
    @Nullable Double distillation,
    double loadImbalance,
    int deadExperts,
    double learningRate,
    @Nullable Double gradientNorm,
    boolean skipped,
    double tokensPerSecond,
    double seconds,
    double waitSeconds) {

  /**
   * A number, or null where JSON has none for it.
   *
   * @param value any, also NaN
   */
  public static @Nullable Double finite(double value) {
    return Double.isFinite(value) ? value : null;
  }
}

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
 * @param extraFlops spent so far in this run, 6·N_active a token
 * @param loss cross-entropy
 * @param loadBalance load-balancing loss, unweighted
 * @param z router z loss, unweighted
 * @param loadImbalance the busiest expert's load over the mean, in the layer where that is largest
 * @param deadExperts experts, over all layers, that took no token
 * @param learningRate of the update
 * @param gradientNorm before clipping
 * @param skipped whether the update was left out because its gradient was not finite
 * @param tokensPerSecond of this step
 * @param seconds spent in steps so far in this run
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record MetricsLine(
    long step,
    long tokens,
    BigInteger extraFlops,
    @Nullable Double loss,
    @Nullable Double loadBalance,
    @Nullable Double z,
    double loadImbalance,
    int deadExperts,
    double learningRate,
    @Nullable Double gradientNorm,
    boolean skipped,
    double tokensPerSecond,
    double seconds) {

  /**
   * A number, or null where JSON has none for it.
   *
   * @param value any, also NaN
   */
  public static @Nullable Double finite(double value) {
    return Double.isFinite(value) ? value : null;
  }
}

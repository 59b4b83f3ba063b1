package dev.coppice.train.optimizer;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * What is minimised: cross-entropy, and the router's two losses with their weights.
 *
 * <p><b>Source</b>: defaults are those of OLMoE, arXiv 2409.02060, section 4.1.
 *
 * @param loadBalance weight of the load-balancing loss; not negative
 * @param z weight of the router's z loss; not negative
 * @param biasStep how far a selection bias moves in a step towards balance, without a loss (arXiv
 *     2408.15664); 0 for never. Only routers with a selection bias can
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record LossSpec(double loadBalance, double z, double biasStep) {
  /** Load balance 0.01, z 0.001. */
  public static final LossSpec DEFAULT = new LossSpec(0.01, 0.001);

  /** Checks signs. */
  public LossSpec {
    checkArgument(loadBalance >= 0, "load-balance weight must be at least 0, got %s", loadBalance);
    checkArgument(z >= 0, "z weight must be at least 0, got %s", z);
    checkArgument(
        biasStep >= 0 && Double.isFinite(biasStep),
        "bias step must be finite and at least 0, got %s",
        biasStep);
  }

  /** Losses alone. */
  public LossSpec(double loadBalance, double z) {
    this(loadBalance, z, 0);
  }
}

package dev.coppice.moe.train;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * Weights of the auxiliary losses beside cross-entropy's 1.
 *
 * @param loadBalance weight of the load-balancing loss
 * @param z weight of the router's z loss
 */
public record LossWeights(double loadBalance, double z) {
  /** Cross-entropy alone. */
  public static final LossWeights NONE = new LossWeights(0, 0);

  /** Checks that neither is negative. */
  public LossWeights {
    checkArgument(loadBalance >= 0, "load-balance weight must not be negative: %s", loadBalance);
    checkArgument(z >= 0, "z weight must not be negative, got %s", z);
  }
}

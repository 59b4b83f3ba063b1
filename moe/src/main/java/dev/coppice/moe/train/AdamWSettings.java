package dev.coppice.moe.train;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * Constants of AdamW.
 *
 * @param beta1 decay of the first moment, in [0, 1)
 * @param beta2 decay of the second moment, in [0, 1)
 * @param epsilon added to the root of the second moment
 * @param weightDecay decoupled decay of matrices; norms are never decayed
 * @param maxGradientNorm the gradient is scaled down to this norm over all parameters together
 */
public record AdamWSettings(
    double beta1, double beta2, double epsilon, double weightDecay, double maxGradientNorm) {
  /** Checks that all lie where AdamW is defined. */
  public AdamWSettings {
    checkArgument(beta1 >= 0 && beta1 < 1, "beta1 must lie in [0, 1), got %s", beta1);
    checkArgument(beta2 >= 0 && beta2 < 1, "beta2 must lie in [0, 1), got %s", beta2);
    checkArgument(epsilon > 0, "epsilon must be positive, got %s", epsilon);
    checkArgument(weightDecay >= 0, "weight decay must not be negative, got %s", weightDecay);
    checkArgument(
        maxGradientNorm > 0, "largest gradient norm must be positive, got %s", maxGradientNorm);
  }
}

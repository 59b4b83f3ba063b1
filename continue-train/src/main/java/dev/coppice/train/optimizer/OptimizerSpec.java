package dev.coppice.train.optimizer;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * AdamW and what guards it.
 *
 * @param learningRate peak; the schedule scales it
 * @param beta1 decay of the first moment, in [0, 1)
 * @param beta2 decay of the second moment, in [0, 1)
 * @param epsilon added to the root of the second moment; positive
 * @param weightDecay decoupled; not negative
 * @param maxGradientNorm global norm that gradients are clipped to; positive
 * @param maxSkipsInARow steps without a finite gradient, one after the other, that end the run
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record OptimizerSpec(
    double learningRate,
    double beta1,
    double beta2,
    double epsilon,
    double weightDecay,
    double maxGradientNorm,
    @JsonProperty("max_skips_in_a_row") int maxSkipsInARow) {
  /** Learning rate 1e-3, betas 0.9 and 0.95, decay 0.1, norm 1, five skips: for small models. */
  public static final OptimizerSpec DEFAULT = new OptimizerSpec(1e-3, 0.9, 0.95, 1e-8, 0.1, 1.0, 5);

  /** Checks ranges. */
  public OptimizerSpec {
    checkArgument(
        learningRate > 0 && Double.isFinite(learningRate),
        "learning rate must be positive, got %s",
        learningRate);
    checkArgument(beta1 >= 0 && beta1 < 1, "beta1 must lie in [0, 1), got %s", beta1);
    checkArgument(beta2 >= 0 && beta2 < 1, "beta2 must lie in [0, 1), got %s", beta2);
    checkArgument(epsilon > 0, "epsilon must be positive, got %s", epsilon);
    checkArgument(weightDecay >= 0, "weight decay must be at least 0, got %s", weightDecay);
    checkArgument(
        maxGradientNorm > 0, "max gradient norm must be positive, got %s", maxGradientNorm);
    checkArgument(maxSkipsInARow > 0, "max skips must be positive, got %s", maxSkipsInARow);
  }
}

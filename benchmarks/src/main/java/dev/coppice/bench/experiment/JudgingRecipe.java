package dev.coppice.bench.experiment;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * How models are evaluated on held-out text.
 *
 * @param heldOutShare share of all text that no model is trained on, in (0, 1)
 * @param tokens maximum of held-out tokens in each model's evaluation; positive
 * @param resamples bootstrap resamples over documents; at least 100
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record JudgingRecipe(double heldOutShare, long tokens, int resamples) {
  /** Checks the ranges. */
  public JudgingRecipe {
    checkArgument(
        heldOutShare > 0 && heldOutShare < 1,
        "held_out_share must lie in (0, 1), got %s",
        heldOutShare);
    checkArgument(tokens > 0, "judging tokens must be positive, got %s", tokens);
    checkArgument(resamples >= 100, "resamples must be at least 100, got %s", resamples);
  }

  /**
   * The same on other text.
   *
   * @param other most held-out tokens
   */
  JudgingRecipe withTokens(long other) {
    return new JudgingRecipe(heldOutShare, other, resamples);
  }
}

package dev.coppice.train.run;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * When checkpoints are written and how many are kept. The last step is always saved.
 *
 * @param everySteps steps between two checkpoints: a kill loses at most so many
 * @param keepLast newest checkpoints that are kept; at least 1
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record SaveSpec(long everySteps, int keepLast) {
  /** Checks signs. */
  public SaveSpec {
    checkArgument(everySteps > 0, "save interval must be positive, got %s steps", everySteps);
    checkArgument(keepLast > 0, "kept checkpoints must be at least 1, got %s", keepLast);
  }
}

package dev.coppice.train.spec;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * When checkpoints are written and how many are kept. The last step is always saved.
 *
 * @param everySteps steps between two checkpoints: a kill loses at most so many
 * @param everyMinutes minutes after which one is written whatever the step; 0 for never
 * @param keepLast newest checkpoints that are kept; at least 1
 * @param keepEvery checkpoints whose step this divides are kept for good; 0 for none
 * @param asynchronous whether training continues while a copy is written; takes the memory of a
 *     copy
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record SaveSpec(
    long everySteps, double everyMinutes, int keepLast, long keepEvery, boolean asynchronous) {
  /** Every 100 steps or 30 minutes, the last two, while training continues. */
  public static final SaveSpec DEFAULT = new SaveSpec(100, 30, 2, 0, true);

  /** Checks signs. */
  public SaveSpec {
    checkArgument(everySteps > 0, "save interval must be positive, got %s steps", everySteps);
    checkArgument(
        everyMinutes >= 0 && Double.isFinite(everyMinutes),
        "save interval must be at least 0 minutes, got %s",
        everyMinutes);
    checkArgument(keepLast > 0, "kept checkpoints must be at least 1, got %s", keepLast);
    checkArgument(keepEvery >= 0, "kept steps must be at least 0, got %s", keepEvery);
  }

  /**
   * By steps alone, written while training waits.
   *
   * @param everySteps steps between two checkpoints
   * @param keepLast newest checkpoints that are kept
   */
  public SaveSpec(long everySteps, int keepLast) {
    this(everySteps, 0, keepLast, 0, false);
  }
}

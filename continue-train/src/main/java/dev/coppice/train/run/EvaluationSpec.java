package dev.coppice.train.run;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * How often a run is judged on its held-out text.
 *
 * @param everySteps steps between two evaluations; 0 for none
 * @param windows that each reads, the same every time; positive
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record EvaluationSpec(long everySteps, long windows) {
  /** Every 250 steps, 64 windows. */
  public static final EvaluationSpec DEFAULT = new EvaluationSpec(250, 64);

  /** Never. */
  public static final EvaluationSpec NONE = new EvaluationSpec(0, 64);

  /** Checks signs. */
  public EvaluationSpec {
    checkArgument(everySteps >= 0, "evaluation interval must be at least 0, got %s", everySteps);
    checkArgument(windows > 0, "evaluation windows must be positive, got %s", windows);
  }
}

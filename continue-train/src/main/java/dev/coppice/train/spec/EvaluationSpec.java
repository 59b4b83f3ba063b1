package dev.coppice.train.spec;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * How often a run is evaluated on its held-out text.
 *
 * @param everySteps steps between two evaluations; 0 for none
 * @param windows that each reads of each source, the same every time; positive
 * @param asTrained whether the document mask is that of training, and the run is also evaluated
 *     before its first step and after its last; false in runs that an older version began, which
 *     let documents of held-out text see one another whatever training did
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record EvaluationSpec(long everySteps, long windows, boolean asTrained) {
  /** Every 250 steps, 64 windows. */
  public static final EvaluationSpec DEFAULT = new EvaluationSpec(250, 64, true);

  /** Never. */
  public static final EvaluationSpec NONE = new EvaluationSpec(0, 64, true);

  /** Checks signs. */
  public EvaluationSpec {
    checkArgument(everySteps >= 0, "evaluation interval must be at least 0, got %s", everySteps);
    checkArgument(windows > 0, "evaluation windows must be positive, got %s", windows);
  }

  /** Whether documents of held-out text do not see one another, in a run that trains so. */
  public boolean documentMask(BatchSpec batch) {
    return asTrained && batch.documentMask();
  }
}

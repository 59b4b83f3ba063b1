package dev.coppice.train.spec;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * The guard against spikes in loss or gradient norm.
 *
 * <p>A spike is a finite loss or norm above the mean of the last {@code window} steps by more than
 * {@code threshold} standard deviations, once half the window is known. Numbers that are not finite
 * are no spikes: they never reach the weights, under every policy, and never enter the statistics.
 *
 * <p><b>Source</b>: skipping by six standard deviations over 128 steps is OLMo 2's, arXiv
 * 2501.00656; going back and leaving batches out is PaLM's, arXiv 2204.02311, section 5.1.
 *
 * @param policy what is done
 * @param window steps that the statistics cover; at least 8
 * @param threshold standard deviations above the mean; positive
 * @param rollbackSteps steps that a roll back goes back at least; not negative
 * @param skipBatches batches that are left out after a roll back; not negative
 * @param maxRollbacks roll backs that end the run if there would be more; at least 1
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record GuardSpec(
    SpikePolicy policy,
    int window,
    double threshold,
    long rollbackSteps,
    long skipBatches,
    int maxRollbacks) {
  /**
   * Warn, 128 steps, six deviations; a roll back would be by 100 steps and leave out 200 batches.
   */
  public static final GuardSpec DEFAULT = new GuardSpec(SpikePolicy.WARN, 128, 6, 100, 200, 3);

  /** Checks ranges. */
  public GuardSpec {
    checkArgument(window >= 8, "spike window must be at least 8 steps, got %s", window);
    checkArgument(
        threshold > 0 && Double.isFinite(threshold),
        "spike threshold must be positive, got %s",
        threshold);
    checkArgument(rollbackSteps >= 0, "rollback must be at least 0 steps, got %s", rollbackSteps);
    checkArgument(skipBatches >= 0, "skipped batches must be at least 0, got %s", skipBatches);
    checkArgument(maxRollbacks > 0, "roll backs must be at least 1, got %s", maxRollbacks);
  }
}

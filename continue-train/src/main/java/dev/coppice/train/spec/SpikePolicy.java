package dev.coppice.train.spec;

/** What is done about a step whose loss or gradient norm leaps. */
public enum SpikePolicy {
  /** The step is taken, and an event says so. */
  WARN,
  /** Weights and moments stay as they are; the batch counts as spent. */
  SKIP,
  /**
   * Weights and moments go back to an older checkpoint, and the batches that follow are left out.
   */
  ROLLBACK
}

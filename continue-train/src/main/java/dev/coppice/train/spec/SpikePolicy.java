package dev.coppice.train.spec;

/** The action on a spike in loss or gradient norm. */
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

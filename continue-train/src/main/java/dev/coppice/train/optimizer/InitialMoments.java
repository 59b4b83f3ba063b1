package dev.coppice.train.optimizer;

/** What AdamW's moments are when a run begins. */
public enum InitialMoments {
  /** Those beside the checkpoint, if there are any. */
  CHECKPOINT,
  /** Zero. */
  ZERO
}

package dev.coppice.train.optimizer;

/** The initial moments of AdamW in a run. */
public enum InitialMoments {
  /** Those beside the checkpoint, if there are any. */
  CHECKPOINT,
  /** Zero. */
  ZERO
}

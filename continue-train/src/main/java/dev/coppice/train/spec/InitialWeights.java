package dev.coppice.train.spec;

/** What a run starts from. */
public enum InitialWeights {
  /** The checkpoint's weights; what they cost is sunk. */
  CHECKPOINT,
  /** New random weights in the checkpoint's shape, drawn from the run's seed. */
  FRESH
}

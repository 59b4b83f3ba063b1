package dev.coppice.train.spec;

/** The initial weights of a run. */
public enum InitialWeights {
  /** The checkpoint's weights; what they cost is sunk. */
  CHECKPOINT,
  /** New random weights in the checkpoint's shape, drawn from the run's seed. */
  FRESH
}

package dev.coppice.train.run;

import dev.coppice.train.metrics.MetricsLine;

/** Hears of each step of a run, on the thread that trains. */
@FunctionalInterface
public interface ProgressListener {
  /** Hears nothing. */
  ProgressListener NONE = (line, share) -> {};

  /**
   * Hears of a step.
   *
   * @param line what was measured
   * @param share of the budget that is spent, in [0, 1]
   */
  void onStep(MetricsLine line, double share);
}

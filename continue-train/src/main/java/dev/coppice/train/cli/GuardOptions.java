package dev.coppice.train.cli;

import dev.coppice.train.spec.GuardSpec;
import dev.coppice.train.spec.SpikePolicy;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options of the guard against spikes. */
final class GuardOptions {
  @Option(
      names = "--on-spike",
      paramLabel = "POLICY",
      description =
          "Action on a spike in loss or gradient norm: warn, skip or rollback (default:"
              + " warn).")
  private Optional<SpikePolicy> policy;

  @Option(
      names = "--spike-threshold",
      paramLabel = "N",
      description = "Height of a spike, in standard deviations above the mean (default: 6).")
  private Optional<Double> threshold;

  @Option(
      names = "--spike-window",
      paramLabel = "STEPS",
      description = "Number of steps in the mean and the deviation (default: 128).")
  private Optional<Integer> window;

  @Option(
      names = "--rollback-steps",
      paramLabel = "N",
      description =
          "Least number of steps between a spike and the target of its roll back (default:"
              + " 100).")
  private Optional<Long> rollbackSteps;

  @Option(
      names = "--rollback-skip",
      paramLabel = "BATCHES",
      description = "Number of batches left out after a roll back (default: 200).")
  private Optional<Long> skipBatches;

  @Option(
      names = "--max-rollbacks",
      paramLabel = "N",
      description = "Maximum number of roll backs (default: 3).")
  private Optional<Integer> maxRollbacks;

  /** A guard with what was given put in place of its own. */
  GuardSpec over(GuardSpec base) {
    return new GuardSpec(
        policy.orElse(base.policy()),
        window.orElse(base.window()),
        threshold.orElse(base.threshold()),
        rollbackSteps.orElse(base.rollbackSteps()),
        skipBatches.orElse(base.skipBatches()),
        maxRollbacks.orElse(base.maxRollbacks()));
  }
}

package dev.coppice.train.cli;

import dev.coppice.train.optimizer.OptimizerSpec;
import java.util.Optional;
import picocli.CommandLine.Option;

/** AdamW, and the running average of what it makes. */
final class OptimizerOptions {
  @Option(
      names = "--learning-rate",
      paramLabel = "R",
      description = "Peak learning rate (default: 1e-3).")
  private Optional<Double> learningRate;

  @Option(
      names = "--beta1",
      paramLabel = "B",
      description = "Decay of AdamW's first moment (default: 0.9).")
  private Optional<Double> beta1;

  @Option(
      names = "--beta2",
      paramLabel = "B",
      description = "Decay of AdamW's second moment (default: 0.95).")
  private Optional<Double> beta2;

  @Option(
      names = "--epsilon",
      paramLabel = "E",
      description = "Term added to the root of the second moment (default: 1e-8).")
  private Optional<Double> epsilon;

  @Option(
      names = "--weight-decay",
      paramLabel = "W",
      description = "AdamW's weight decay, of matrices only (default: 0.1).")
  private Optional<Double> weightDecay;

  @Option(
      names = "--clip",
      paramLabel = "N",
      description = "Global norm to which gradients are clipped (default: 1).")
  private Optional<Double> clip;

  @Option(
      names = "--max-skips",
      paramLabel = "N",
      description =
          "Number of successive steps without a finite gradient that ends the run (default:"
              + " 5).")
  private Optional<Integer> maxSkips;

  /** Settings with what was given put in place of their own. */
  OptimizerSpec over(OptimizerSpec base) {
    return new OptimizerSpec(
        learningRate.orElse(base.learningRate()),
        beta1.orElse(base.beta1()),
        beta2.orElse(base.beta2()),
        epsilon.orElse(base.epsilon()),
        weightDecay.orElse(base.weightDecay()),
        clip.orElse(base.maxGradientNorm()),
        maxSkips.orElse(base.maxSkipsInARow()));
  }
}

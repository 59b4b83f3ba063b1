package dev.coppice.train.cli;

import dev.coppice.moe.model.Precision;
import dev.coppice.train.run.EvalSpec;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How a command has a model read a text: options that such commands share. */
final class WindowOptions {
  @Option(
      names = "--batch",
      paramLabel = "B",
      defaultValue = "8",
      description = "Windows at once (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--sequence",
      paramLabel = "S",
      defaultValue = "256",
      description = "Tokens a window (default: ${DEFAULT-VALUE}).")
  private int sequence;

  @Option(
      names = "--windows",
      paramLabel = "N",
      description = "Read the first N windows (default: all).")
  private Optional<Long> windows;

  @Option(
      names = "--precision",
      paramLabel = "P",
      defaultValue = "float32",
      description = "float32 or bf16 (default: ${DEFAULT-VALUE}).")
  private PrecisionName precision;

  /**
   * What the options ask for.
   *
   * @param resamples of the bootstrap
   * @param seed of the bootstrap
   */
  EvalSpec spec(int resamples, long seed) {
    return new EvalSpec(batch, sequence, windows.orElse(Long.MAX_VALUE), resamples, seed);
  }

  Precision precision() {
    return precision.precision();
  }
}

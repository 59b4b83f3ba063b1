package dev.coppice.train.cli;

import dev.coppice.moe.model.Precision;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.train.run.EvalSpec;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;

/** How a command has a model read a text: options that such commands share. */
final class WindowOptions {
  private static final Logger LOG = LoggerFactory.getLogger(WindowOptions.class);
  private static final int SEQUENCE = 256;

  @Option(
      names = "--batch",
      paramLabel = "B",
      defaultValue = "8",
      description = "Windows at once (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--sequence",
      paramLabel = "S",
      description = "Tokens a window (default: 256, or the model's positions if they are fewer).")
  private Optional<Integer> sequence;

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
    return new EvalSpec(
        batch, sequence.orElse(SEQUENCE), windows.orElse(Long.MAX_VALUE), resamples, seed);
  }

  /** The same, with windows that a model has positions for unless their length was given. */
  EvalSpec fitted(EvalSpec spec, MoeSpec model) {
    return fitted(spec, model, Long.MAX_VALUE);
  }

  /** The same, where a text has no more than so many tokens for a window. */
  EvalSpec fitted(EvalSpec spec, MoeSpec model, long most) {
    int limit = (int) Math.min(model.maxPositions(), most);
    if (sequence.isPresent() || spec.sequence() <= limit || limit < 1) {
      return spec;
    }
    LOG.warn("windows have {} tokens: model or text have no more for one", limit);
    return new EvalSpec(spec.batch(), limit, spec.maxWindows(), spec.resamples(), spec.seed());
  }

  Precision precision() {
    return precision.precision();
  }
}

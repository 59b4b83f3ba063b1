package dev.coppice.train.cli;

import dev.coppice.moe.model.Precision;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.train.data.batch.TokenWindows;
import dev.coppice.train.data.token.TokenSequence;
import dev.coppice.train.eval.EvalSpec;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;

/** How a command has a model read a text: options that such commands share. */
final class WindowOptions {
  private static final int SEQUENCE = 256;

  @Option(
      names = "--batch",
      paramLabel = "B",
      defaultValue = "8",
      description = "Number of windows computed at once (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--sequence",
      paramLabel = "S",
      description =
          "Number of tokens in a window (default: 256, or the model's positions if they are"
              + " fewer).")
  private Optional<Integer> sequence;

  @Option(
      names = "--windows",
      paramLabel = "N",
      description = "Number of windows, from the first (default: all).")
  private Optional<Long> windows;

  @Option(
      names = "--precision",
      paramLabel = "P",
      defaultValue = "float32",
      description = "Precision: float32 or bf16 (default: ${DEFAULT-VALUE}).")
  private PrecisionName precision;

  @Option(
      names = "--document-mask",
      negatable = true,
      description =
          "Tokens attend to their own document only (default: as in the checkpoint's"
              + " training, else true).")
  private Optional<Boolean> documentMask;

  /**
   * What the options ask for.
   *
   * @param resamples of the bootstrap
   * @param seed of the bootstrap
   * @param trained how the model was given its text, if that is known
   */
  EvalSpec spec(int resamples, long seed, TrainedReading trained) {
    return new EvalSpec(
        batch,
        sequence.orElse(SEQUENCE),
        windows.orElse(Long.MAX_VALUE),
        documentMask.orElse(trained.documentMask()),
        resamples,
        seed);
  }

  /** The same, with windows that a model has positions for unless their length was given. */
  EvalSpec fitted(EvalSpec spec, MoeSpec model) {
    int limit = model.maxPositions();
    if (sequence.isPresent() || spec.sequence() <= limit || limit < 1) {
      return spec;
    }
    log().warn("windows have {} tokens: the model has no more positions", limit);
    return spec.withSequence(limit);
  }

  /**
   * Warns where more windows were asked for than a text has.
   *
   * @param text that is read
   * @param spec how
   */
  void warnOfFewer(TokenSequence text, EvalSpec spec) {
    fewer(text, spec).ifPresent(note -> log().warn("{}", note));
  }

  /** The warning, if there are fewer windows. */
  Optional<String> fewer(TokenSequence text, EvalSpec spec) {
    long there = new TokenWindows(text, spec.sequence()).covering();
    return windows
        .filter(asked -> asked > there)
        .map(
            asked ->
                "the data has "
                    + there
                    + " windows of up to "
                    + spec.sequence()
                    + " tokens, and all are read: --windows asks for "
                    + asked);
  }

  /** Why documents are masked, or are not. */
  String maskReason(TrainedReading trained) {
    if (documentMask.isPresent()) {
      return "as asked";
    }
    return trained.known() ? "as it was trained" : "default";
  }

  /** A line on it. */
  String maskLine(boolean masked, TrainedReading trained) {
    return (masked
            ? "tokens attend to their own document only"
            : "tokens attend to all documents of their window")
        + " ("
        + (masked ? "document mask" : "no document mask")
        + ", "
        + maskReason(trained)
        + ")";
  }

  Precision precision() {
    return precision.precision();
  }

  // no field: logging is set up where it is needed, not at the start of every command
  private static Logger log() {
    return LoggerFactory.getLogger(WindowOptions.class);
  }
}

package dev.coppice.train.cli;

import dev.coppice.train.spec.EvaluationSpec;
import dev.coppice.train.spec.SaveSpec;
import java.util.Optional;
import picocli.CommandLine.Option;

/** When checkpoints are written, and when the run is evaluated. */
final class SaveOptions {
  @Option(
      names = "--save-every",
      paramLabel = "STEPS",
      description = "Number of steps between checkpoints (default: 100).")
  private Optional<Long> saveEvery;

  @Option(
      names = "--save-minutes",
      paramLabel = "M",
      description = "Maximum number of minutes between checkpoints; 0 for no limit (default: 30).")
  private Optional<Double> saveMinutes;

  @Option(
      names = "--keep-last",
      paramLabel = "N",
      description = "Number of newest checkpoints that are kept (default: 2).")
  private Optional<Integer> keepLast;

  @Option(
      names = "--keep-every",
      paramLabel = "STEPS",
      description =
          "Interval of steps at which checkpoints are kept permanently; 0 for none"
              + " (default: 0).")
  private Optional<Long> keepEvery;

  @Option(
      names = "--save-async",
      negatable = true,
      description = "Continues training while a copy is written (default: true).")
  private Optional<Boolean> asynchronous;

  @Option(
      names = "--eval-every",
      paramLabel = "STEPS",
      description =
          "Number of steps between evaluations on held-out text. Evaluations also run"
              + " before the first step and after the last; 0 for none (default: 250).")
  private Optional<Long> evalEvery;

  @Option(
      names = "--eval-windows",
      paramLabel = "N",
      description = "Number of windows of each source in an evaluation (default: 64).")
  private Optional<Long> evalWindows;

  /** Checkpoints with what was given put in place of their own. */
  SaveSpec over(SaveSpec base) {
    return new SaveSpec(
        saveEvery.orElse(base.everySteps()),
        saveMinutes.orElse(base.everyMinutes()),
        keepLast.orElse(base.keepLast()),
        keepEvery.orElse(base.keepEvery()),
        asynchronous.orElse(base.asynchronous()));
  }

  /** Evaluations with what was given put in place of their own. */
  EvaluationSpec over(EvaluationSpec base) {
    return new EvaluationSpec(
        evalEvery.orElse(base.everySteps()), evalWindows.orElse(base.windows()), base.asTrained());
  }
}

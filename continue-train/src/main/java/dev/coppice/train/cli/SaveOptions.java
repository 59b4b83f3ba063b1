package dev.coppice.train.cli;

import dev.coppice.train.spec.EvaluationSpec;
import dev.coppice.train.spec.SaveSpec;
import java.util.Optional;
import picocli.CommandLine.Option;

/** When checkpoints are written, and when the run is judged. */
final class SaveOptions {
  @Option(
      names = "--save-every",
      paramLabel = "STEPS",
      description = "Steps between checkpoints (default: 100).")
  private Optional<Long> saveEvery;

  @Option(
      names = "--save-minutes",
      paramLabel = "M",
      description = "Minutes after which one is written at any rate; 0 for never (default: 30).")
  private Optional<Double> saveMinutes;

  @Option(
      names = "--keep-last",
      paramLabel = "N",
      description = "Newest checkpoints that are kept (default: 2).")
  private Optional<Integer> keepLast;

  @Option(
      names = "--keep-every",
      paramLabel = "STEPS",
      description =
          "Checkpoints whose step this divides are kept for good; 0 for none (default: 0).")
  private Optional<Long> keepEvery;

  @Option(
      names = "--save-async",
      negatable = true,
      description = "Whether training goes on while a copy is written (default: true).")
  private Optional<Boolean> asynchronous;

  @Option(
      names = "--eval-every",
      paramLabel = "STEPS",
      description =
          "Steps between looks at the held-out text, if there is one; there is one before the first"
              + " step and one after the last too; 0 for none (default: 250).")
  private Optional<Long> evalEvery;

  @Option(
      names = "--eval-windows",
      paramLabel = "N",
      description = "Windows of each source that a look reads (default: 64).")
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

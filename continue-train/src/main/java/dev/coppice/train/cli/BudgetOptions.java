package dev.coppice.train.cli;

import dev.coppice.train.budget.Budget;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The five ways to say what a run may spend, of which one is given. */
final class BudgetOptions {
  @Option(
      names = "--budget",
      paramLabel = "FLOPS",
      description =
          "Extra FLOPs, such as 3e15: 6 for each token and active parameter, plus the"
              + " teacher's forward passes.")
  private Optional<String> flops;

  @Option(
      names = "--model-flops",
      paramLabel = "FLOPS",
      description = "Extra FLOPs that include attention over the full square.")
  private Optional<String> modelFlops;

  @Option(names = "--tokens", paramLabel = "N", description = "Number of training tokens.")
  private Optional<Long> tokens;

  @Option(names = "--steps", paramLabel = "N", description = "Number of optimizer steps.")
  private Optional<Long> steps;

  @Option(names = "--hours", paramLabel = "H", description = "Hours of training, such as 0.5.")
  private Optional<Double> hours;

  /** The budget that was given. */
  Budget budget() {
    return flops
        .<Budget>map(Budget::parseFlops)
        .or(() -> modelFlops.map(Budget::parseModelFlops))
        .or(() -> tokens.map(Budget.Tokens::new))
        .or(() -> steps.map(Budget.Steps::new))
        .or(() -> hours.map(amount -> new Budget.WallClock(amount * 3600)))
        .orElseThrow();
  }
}

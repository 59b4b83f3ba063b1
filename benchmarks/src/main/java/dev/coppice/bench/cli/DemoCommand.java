package dev.coppice.bench.cli;

import dev.coppice.bench.experiment.ExperimentSpec;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code coppice demo}: the whole story in some minutes. */
@Command(
    name = "demo",
    sortOptions = false,
    description = {
      "Trains a small base on real text, grows it, trains three arms under one budget of"
          + " extra compute, and writes a report.",
      "Runs with the same seed and budgets give the same weights and losses. Without"
          + " given budgets, --minutes and this machine's speed determine them."
    })
final class DemoCommand implements Callable<Integer> {
  @Mixin private ExperimentOptions options;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Seed of weights, data order, noise and split.")
  private Optional<Long> seed;

  @Spec private CommandSpec command;

  DemoCommand() {}

  @Override
  public Integer call() throws Exception {
    ExperimentSpec recipe = ExperimentSpec.builtIn(ExperimentSpec.DEMO);
    return options.run(seed.map(recipe::withSeed).orElse(recipe), command.commandLine().getOut());
  }
}

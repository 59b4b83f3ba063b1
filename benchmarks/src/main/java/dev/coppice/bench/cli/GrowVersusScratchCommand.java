package dev.coppice.bench.cli;

import dev.coppice.bench.experiment.ExperimentSpec;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code coppice bench grow-vs-scratch}: the demo's experiment from a recipe of one's own. */
@Command(
    name = "grow-vs-scratch",
    sortOptions = false,
    description = "Runs the grow-versus-scratch experiment from a recipe (see benchmarks/recipes).")
final class GrowVersusScratchCommand implements Callable<Integer> {
  @Option(
      names = "--spec",
      paramLabel = "FILE",
      required = true,
      description = "Recipe file in JSON.")
  private Path file;

  @Mixin private ExperimentOptions options;

  @Spec private CommandSpec command;

  GrowVersusScratchCommand() {}

  @Override
  public Integer call() throws Exception {
    return options.run(ExperimentSpec.read(file), command.commandLine().getOut());
  }
}

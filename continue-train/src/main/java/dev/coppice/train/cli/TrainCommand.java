package dev.coppice.train.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.moe.cli.OutputOptions;
import dev.coppice.moe.cli.ProgressLine;
import dev.coppice.train.Folders;
import dev.coppice.train.TrainJson;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.data.PartSpec;
import dev.coppice.train.data.Preparation;
import dev.coppice.train.data.TrainingData;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.run.StopSignals;
import dev.coppice.train.run.TrainResult;
import dev.coppice.train.run.TrainSpec;
import dev.coppice.train.run.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice train}. */
@Command(
    name = "train",
    description = {
      "Trains a checkpoint on, under a budget of extra compute.",
      "",
      "RUN gets metrics.jsonl and checkpoints named by their step; the last one is the result. "
          + "SIGINT or SIGTERM ends the run after its step, saved, with exit code 75; "
          + "--resume goes on from the newest checkpoint to the same bits.",
      ""
    })
final class TrainCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "CKPT",
      arity = "0..1",
      description = "Checkpoint folder; not needed with --resume.")
  private Optional<Path> checkpoint;

  @Option(
      names = "--out",
      paramLabel = "RUN",
      required = true,
      description = "Folder of the run; must not exist, unless with --resume.")
  private Path out;

  @ArgGroup(multiplicity = "0..1", heading = "%nBudget, exactly one of:%n")
  private BudgetOptions budget;

  @Option(
      names = "--held-out",
      paramLabel = "SHARE",
      description =
          "Share of the tokens, by document, to keep in RUN/data/held-out.tokens for coppice eval.")
  private Optional<Double> heldOut;

  @Option(names = "--resume", description = "Go on with the run in RUN.")
  private boolean resume;

  @Mixin private DataOptions data;

  @Mixin private SpecOptions options;

  @Mixin private OutputOptions output;

  @Spec private CommandSpec command;

  @Override
  public Integer call() throws IOException {
    try (TrainingRun run = resume ? goOn() : begin()) {
      TrainResult result = train(run);
      output.print(command.commandLine().getOut(), json(result), text(result));
      return (result.finished() ? ExitCode.OK : ExitCode.PREEMPTED).number();
    }
  }

  private Optional<Budget> givenBudget() {
    return Optional.ofNullable(budget).map(BudgetOptions::budget);
  }

  private TrainingRun begin() throws IOException {
    Path source = checkpoint.orElseThrow(() -> usage("CKPT must be given, got none"));
    Budget limit =
        givenBudget()
            .orElseThrow(
                () -> usage("one of --budget, --tokens, --steps, --hours must be given, got none"));
    if (!data.isGiven()) {
      throw usage("--data must be given, got none");
    }
    if (Files.exists(out)) {
      throw usage("run folder must not exist yet, got " + out + " (--resume goes on there)");
    }
    TrainSpec spec = options.over(TrainSpec.defaults());
    Optional<PartSpec.HeldOutSpec> split =
        heldOut.map(share -> new PartSpec.HeldOutSpec(share, spec.seed()));
    try (TrainingData read =
        data.prepare(DataOptions.Source.of(source), split, out, output.quiet())) {
      return TrainingRun.start(spec, source, read, limit, out);
    } catch (IOException | RuntimeException e) {
      Folders.delete(out);
      throw e;
    }
  }

  private TrainingRun goOn() throws IOException {
    if (!Files.isDirectory(out)) {
      throw usage("run folder must exist to be resumed, got " + out);
    }
    TrainingRun run = TrainingRun.resume(out);
    boolean same =
        options.over(run.spec()).equals(run.spec())
            && givenBudget().map(run.budget()::equals).orElse(true);
    if (!same) {
      run.close();
      throw usage("options must be those of the run or left out, got others (" + out + ")");
    }
    return run;
  }

  private static CoppiceException usage(String message) {
    return new CoppiceException(ExitCode.USAGE, message);
  }

  private TrainResult train(TrainingRun run) throws IOException {
    double before = run.share();
    StopSignals signals = StopSignals.listen(run::requestStop, run::requestSave);
    try (ProgressLine line =
        ProgressLine.start("train", Math.max(1e-9, 1 - before), output.quiet())) {
      TrainResult result = run.run((step, share) -> line.update(share - before, describe(step)));
      line.finish(String.format(Locale.ROOT, "%d steps", result.steps()));
      return result;
    } finally {
      signals.close();
    }
  }

  private static String describe(MetricsLine line) {
    return String.format(
        Locale.ROOT,
        "step %d  loss %s  %.0f tokens/s",
        line.step(),
        line.loss() == null ? "not finite" : String.format(Locale.ROOT, "%.4f", line.loss()),
        line.tokensPerSecond());
  }

  private ObjectNode json(TrainResult result) {
    ObjectNode json = TrainJson.mapper().createObjectNode();
    json.put("checkpoint", result.checkpoint().toString());
    json.put("finished", result.finished());
    json.put("steps", result.steps());
    json.put("skipped_steps", result.skippedSteps());
    json.put("tokens", result.tokens());
    json.put("extra_flops", result.extraFlops());
    json.put("extra_flops_with_attention", result.extraFlopsWithAttention());
    json.put("seconds", result.seconds());
    json.put("metrics", result.lossCurve().toString());
    Preparation.heldOut(out).ifPresent(path -> json.put("held_out", path.toString()));
    return json;
  }

  private String text(TrainResult result) {
    return String.format(
        Locale.ROOT,
        "%s after %d steps: %d tokens, %.4g extra FLOPs, %.0f tokens/s%n%s",
        result.finished() ? "Finished" : "Stopped and saved",
        result.steps(),
        result.tokens(),
        result.extraFlops().doubleValue(),
        result.tokens() / Math.max(1e-9, result.seconds()),
        result.checkpoint());
  }
}

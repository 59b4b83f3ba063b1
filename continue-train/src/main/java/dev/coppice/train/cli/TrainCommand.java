package dev.coppice.train.cli;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.backend.Backend;
import dev.coppice.moe.backend.MachinePeak;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.cli.ExitCode;
import dev.coppice.moe.cli.OutputOptions;
import dev.coppice.moe.cli.ProgressLine;
import dev.coppice.moe.io.Folders;
import dev.coppice.moe.model.Precision;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.data.DataRecovery;
import dev.coppice.train.data.TrainingData;
import dev.coppice.train.data.heldout.HoldOut;
import dev.coppice.train.metrics.MlflowSettings;
import dev.coppice.train.metrics.MlflowSink;
import dev.coppice.train.metrics.RunSinks;
import dev.coppice.train.metrics.TensorBoardSink;
import dev.coppice.train.optimizer.LossSpec;
import dev.coppice.train.run.Memory;
import dev.coppice.train.run.ResumeSpec;
import dev.coppice.train.run.StopSignals;
import dev.coppice.train.run.TrainResult;
import dev.coppice.train.run.TrainingRun;
import dev.coppice.train.spec.TrainSpec;
import dev.coppice.train.store.RunFolder;
import dev.coppice.train.store.RunManifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** {@code coppice train}. */
@Command(
    name = "train",
    description = {
      "Continues the training of a checkpoint under a budget of extra compute.",
      "",
      "Writes metrics.jsonl and checkpoints named by their step to RUN; the last"
          + " checkpoint is the result. SIGINT or SIGTERM saves and ends the run after its"
          + " step, with exit code 75. --resume continues from the newest checkpoint to the"
          + " same bits.",
      ""
    })
final class TrainCommand implements Callable<Integer> {
  private static final Duration PEAK_TIME = Duration.ofMillis(300);

  @Parameters(
      paramLabel = "CKPT",
      arity = "0..1",
      description = "Checkpoint folder; with --resume that of the run, or left out.")
  private Optional<Path> checkpoint;

  @Option(
      names = "--out",
      paramLabel = "RUN",
      required = true,
      description = "Run folder; must not exist, except with --resume.")
  private Path out;

  @ArgGroup(multiplicity = "0..1", heading = "%nBudget, exactly one of:%n")
  private BudgetOptions budget;

  @Mixin private HeldOutOptions heldOut;

  @Option(names = "--resume", description = "Resumes the run in RUN.")
  private boolean resume;

  @Option(
      names = "--inexact",
      description =
          "Resumes even if version, threads, instruction set or device differ. Results"
              + " are then equal up to rounding.")
  private boolean inexact;

  @Option(
      names = "--no-fallback",
      description =
          "Resumes from the newest checkpoint only. A damaged one is an error instead of"
              + " being renamed.")
  private boolean noFallback;

  @Option(
      names = "--no-tensorboard",
      negatable = true,
      defaultValue = "true",
      fallbackValue = "true",
      description = "Writes event files for TensorBoard to RUN/tensorboard (default: true).")
  private boolean tensorBoard = true;

  @Mixin private MlflowOptions mlflow;

  @Mixin private DataOptions data;

  @Mixin private SpecOptions options;

  @Mixin private OutputOptions output;

  @Spec private CommandSpec command;

  @Override
  public Integer call() throws IOException {
    try (TrainingRun run = resume ? goOn() : begin()) {
      TrainResult result = train(run);
      output.print(
          command.commandLine().getOut(),
          TrainText.json(result, out, run.data()),
          TrainText.of(result));
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
                () ->
                    usage(
                        "one of --budget, --model-flops, --tokens, --steps, --hours must be given,"
                            + " got none"));
    if (!data.isGiven()) {
      throw usage("--data must be given, got none");
    }
    if (Files.exists(out)) {
      throw usage("run folder must not exist yet, got " + out + " (--resume continues it)");
    }
    DataOptions.Source reader = DataOptions.Source.of(source);
    TrainSpec spec = fitted(options.begun(defaults(source)), reader.model().maxPositions());
    HoldOut holdOut = heldOut.holdOut(spec.seed());
    try (TrainingData read = data.prepare(reader, holdOut, out, output.quiet())) {
      return TrainingRun.start(fitted(spec, read.longestSequence()), source, read, limit, out);
    } catch (IOException | RuntimeException e) {
      Folders.delete(out);
      throw e;
    }
  }

  /** A spec whose windows are not longer than some limit, unless their length was given. */
  private TrainSpec fitted(TrainSpec spec, long limit) {
    if (options.givesSequence() || spec.batch().sequence() <= limit || limit < 1) {
      return spec;
    }
    log().warn("sequences have {} tokens: model or data have no more for one", limit);
    return spec.withBatch(spec.batch().withSequence((int) limit));
  }

  /** Defaults, with the checkpoint's own load-balance weight unless another is given. */
  private TrainSpec defaults(Path source) throws IOException {
    TrainSpec spec = TrainSpec.defaults();
    if (options.setsLoadBalance()) {
      return spec;
    }
    try (Checkpoint opened = Checkpoint.open(source)) {
      return spec.withLoss(LossSpec.defaultsOf(opened));
    }
  }

  private TrainingRun goOn() throws IOException {
    if (!Files.isDirectory(out)) {
      throw usage("run folder must exist to be resumed, got " + out);
    }
    if (checkpoint.isPresent()) {
      SameOptions.checkSource(RunManifest.read(RunFolder.manifest(out)), checkpoint.get());
    }
    TrainingRun run =
        TrainingRun.resume(
            out,
            new ResumeSpec(inexact, !noFallback),
            (spec, source) -> Memory.guarded(() -> dataAgain(new DataRecovery(spec, out), source)));
    try {
      SameOptions.check(run, options.over(run.spec()), givenBudget());
      return run;
    } catch (RuntimeException e) {
      run.close();
      throw e;
    }
  }

  private TrainingData dataAgain(DataRecovery recovery, Path source) throws IOException {
    SameReading.checkHeldOut(heldOut.holdOut(0), recovery.spec());
    ParseResult given = command.commandLine().getParseResult();
    data.checkSame(given::hasMatchedOption, recovery.spec(), source);
    data.checkHeldOut(recovery, heldOut.holdOut(0).own(), source, output.quiet());
    return data.again(recovery, source, output.quiet());
  }

  private static CoppiceException usage(String message) {
    return new CoppiceException(ErrorKind.REQUEST_INVALID, message);
  }

  private TrainResult train(TrainingRun run) throws IOException {
    Optional<MlflowSettings> server = mlflow.settings();
    ImmutableList.Builder<RunSinks.Opener> sinks = ImmutableList.builder();
    if (tensorBoard) {
      sinks.add(TensorBoardSink.opener());
    }
    server.map(MlflowSink::opener).ifPresent(sinks::add);
    run.data().ifPresent(read -> DataNotes.print(read, command, output));
    if (!output.quiet()) {
      run.notes().forEach(this::tell);
      run.forecast().ifPresent(whole -> tell(TrainText.forecast(whole)));
    }
    double before = run.share();
    StopSignals signals = StopSignals.listen(run::requestStop, run::requestSave);
    try (ProgressLine line =
        ProgressLine.start("train", Math.max(1e-9, 1 - before), output.quiet())) {
      ProgressText text = new ProgressText(run.budget(), output.quiet() ? 0 : peak(run.spec()));
      TrainResult result =
          run.run((step, share) -> line.update(share - before, text.describe(step)), sinks.build());
      line.finish(String.format(Locale.ROOT, "%d steps", result.steps()));
      return result;
    } finally {
      signals.close();
    }
  }

  private void tell(String text) {
    command.commandLine().getErr().println(text);
    command.commandLine().getErr().flush();
  }

  private static double peak(TrainSpec spec) {
    return MachinePeak.best(
        Backend.forThisMachine(), PEAK_TIME, spec.precision() == Precision.BF16_MIXED);
  }

  // no field: logging is set up where it is needed, not at the start of every command
  private static Logger log() {
    return LoggerFactory.getLogger(TrainCommand.class);
  }
}

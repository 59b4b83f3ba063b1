package dev.coppice.train.run;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.CoppiceVersion;
import dev.coppice.moe.ExitCode;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.train.Folders;
import dev.coppice.train.TrainJson;
import dev.coppice.train.budget.BudgetMeter;
import dev.coppice.train.budget.Spent;
import dev.coppice.train.data.BatchSource;
import dev.coppice.train.data.Preparation;
import dev.coppice.train.data.TrainingData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Begins runs, and finds where they go on. */
final class RunOpener {
  private static final Logger LOG = LoggerFactory.getLogger(RunOpener.class);

  private final TraineeFactory factory;

  RunOpener(TraineeFactory factory) {
    this.factory = factory;
  }

  /** Begins a run; when that fails, nothing is left behind. */
  TrainingRun start(RunRequest request) throws IOException {
    Path out = request.out();
    refuseExisting(out);
    try (Checkpoint source = Checkpoint.open(request.checkpoint())) {
      RunManifest manifest = manifest(request);
      new Check(source, request.data(), manifest).run();
      Trainee trainee = factory.make(source, request.spec(), false);
      try {
        return begin(request, source, manifest, trainee);
      } catch (IOException | RuntimeException e) {
        trainee.close();
        throw e;
      }
    }
  }

  private static TrainingRun begin(
      RunRequest request, Checkpoint source, RunManifest manifest, Trainee trainee)
      throws IOException {
    Path out = request.out();
    boolean made = !Files.exists(out);
    Files.createDirectories(out);
    RunFolder folder = RunFolder.hold(out);
    try {
      TrainJson.writeAtomically(RunFolder.manifest(out), manifest);
      return new Opening(folder, manifest, request.data())
          .at(source, trainee, RunState.before(manifest));
    } catch (IOException | RuntimeException e) {
      folder.close();
      Files.deleteIfExists(RunFolder.manifest(out));
      if (made) {
        Folders.delete(out);
      }
      throw e;
    }
  }

  private static void refuseExisting(Path out) throws IOException {
    if (Files.exists(out) && !Preparation.isAllIn(out)) {
      throw new CoppiceException(
          ExitCode.USAGE, "run folder must not exist yet, got " + out + " (resume goes on there)");
    }
  }

  private static RunManifest manifest(RunRequest request) {
    Path checkpoint = request.checkpoint().toAbsolutePath().normalize();
    return new RunManifest(
        1,
        CoppiceVersion.current(),
        checkpoint.toString(),
        Folders.name(checkpoint),
        request.data().spec(request.out()),
        request.budget(),
        request.spec());
  }

  /** Goes on from the newest whole checkpoint, or from the start if there is none. */
  TrainingRun resume(Path out) throws IOException {
    RunManifest manifest = TrainJson.read(RunFolder.manifest(out), RunManifest.class);
    RunFolder folder = RunFolder.hold(out);
    try {
      TrainingData data = TrainingData.open(manifest.data(), out);
      Opening opening = new Opening(folder, manifest, data);
      for (Path step : folder.steps()) {
        Optional<TrainingRun> run = resumeAt(opening, step);
        if (run.isPresent()) {
          return run.get();
        }
      }
      return restart(opening);
    } catch (IOException | RuntimeException e) {
      folder.close();
      throw e;
    }
  }

  private Optional<TrainingRun> resumeAt(Opening opening, Path step) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(step)) {
      RunState state = TrainJson.read(RunFolder.state(step), RunState.class);
      checkSameRun(opening.manifest(), state, step);
      warnOfOtherThreads(state);
      Trainee trainee = factory.make(checkpoint, state.spec(), true);
      return Optional.of(opening.at(checkpoint, trainee, state));
    } catch (CoppiceException e) {
      Path aside = opening.folder().setAside(step);
      LOG.warn("checkpoint set aside as {}: {}", aside, e.getMessage());
      return Optional.empty();
    }
  }

  private TrainingRun restart(Opening opening) throws IOException {
    RunManifest manifest = opening.manifest();
    try (Checkpoint source = Checkpoint.open(Path.of(manifest.checkpoint()))) {
      Trainee trainee = factory.make(source, manifest.spec(), false);
      return opening.at(source, trainee, RunState.before(manifest));
    }
  }

  private static void checkSameRun(RunManifest manifest, RunState state, Path step) {
    boolean same =
        state.spec().equals(manifest.spec())
            && state.budget().equals(manifest.budget())
            && state.dataSha256().equals(manifest.data().sha256());
    if (!same) {
      throw new CoppiceException(
          ExitCode.INTEGRITY, "checkpoint must be one of its run, got another's (" + step + ")");
    }
  }

  private static void warnOfOtherThreads(RunState state) {
    Environment now = Environment.here();
    if (!now.equals(state.environment())) {
      LOG.warn(
          "run was of {} and is of {}: results will agree but for rounding",
          state.environment(),
          now);
    }
  }

  /** What is known of a run before its position is. */
  private record Opening(RunFolder folder, RunManifest manifest, TrainingData data) {

    /** The run at a position; {@code source} may be closed afterwards. */
    TrainingRun at(Checkpoint source, Trainee trainee, RunState state) throws IOException {
      Check check = new Check(source, data, manifest);
      BudgetMeter meter = check.meter(state.spent());
      StepRunner runner = new StepRunner(trainee, check.batches(), meter, state);
      boolean resumed = source.folder().equals(folder.step(state.step()));
      return new TrainingRun(
          folder,
          new TrainingRun.Parts(
              trainee, runner, meter, new CheckpointSaver(folder, manifest, source, resumed)),
          resumed ? Optional.of(source.folder()) : Optional.empty());
    }
  }

  /** Whether checkpoint, data, spec and budget fit together. */
  private record Check(Checkpoint source, TrainingData data, RunManifest manifest) {

    void run() throws IOException {
      Compatibility.check(source.spec(), data, manifest.spec().batch().sequence());
      batches();
      meter(Spent.NOTHING);
    }

    BatchSource batches() {
      BatchSpec batch = manifest.spec().batch();
      return data.batches(batch.sequence(), manifest.spec().seed(), batch.documentMask());
    }

    BudgetMeter meter(Spent spent) throws IOException {
      return new BudgetMeter(
          manifest.budget(), StepCosts.of(source.spec(), manifest.spec()), spent);
    }
  }
}

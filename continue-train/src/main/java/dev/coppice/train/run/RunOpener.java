package dev.coppice.train.run;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.CoppiceVersion;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.io.DurableFiles;
import dev.coppice.moe.io.Folders;
import dev.coppice.train.TrainJson;
import dev.coppice.train.data.Preparation;
import dev.coppice.train.data.TrainingData;
import dev.coppice.train.data.heldout.HeldOut;
import dev.coppice.train.metrics.RunEvent;
import dev.coppice.train.spec.TrainSpec;
import dev.coppice.train.store.CheckpointFinder;
import dev.coppice.train.store.Environment;
import dev.coppice.train.store.RunFolder;
import dev.coppice.train.store.RunManifest;
import dev.coppice.train.store.RunState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Begins runs, and finds where they continue. */
final class RunOpener {
  private static final Logger LOG = LoggerFactory.getLogger(RunOpener.class);

  private final TraineeFactory factory;
  private final Host host;

  RunOpener(TraineeFactory factory) {
    this(factory, Host.here());
  }

  RunOpener(TraineeFactory factory, Host host) {
    this.factory = factory;
    this.host = host;
  }

  /** Begins a run; when that fails, nothing is left behind. */
  TrainingRun start(RunRequest request) throws IOException {
    Path out = request.out();
    if (Files.exists(out) && !Preparation.isAllIn(out)) {
      throw new CoppiceException(
          ErrorKind.REQUEST_INVALID,
          "run folder must not exist yet, got " + out + " (resume continues it)");
    }
    RunManifest plain = manifest(request);
    try (Checkpoint source = Checkpoint.open(request.checkpoint())) {
      RunSetting.check(source, request.data(), plain);
      RunSetting.checkHeldOut(source, request.spec(), out);
      RunManifest manifest = plain.used(RunSetting.forecast(source, plain));
      source.carryingNotes().forEach(note -> LOG.warn("{}", note));
      Trainee trainee = factory.make(source, request.spec(), false);
      try {
        return begin(request, source, manifest, trainee);
      } catch (IOException | RuntimeException e) {
        trainee.close();
        throw e;
      }
    }
  }

  private TrainingRun begin(
      RunRequest request, Checkpoint source, RunManifest manifest, Trainee trainee)
      throws IOException {
    Path out = request.out();
    boolean made = !Files.exists(out);
    ImmutableList<Path> ancestors = Folders.ancestors(out);
    Files.createDirectories(out);
    RunFolder folder = RunFolder.hold(out);
    try {
      TrainJson.writeAtomically(RunFolder.manifest(out), manifest);
      DurableFiles.forceAll(ancestors);
      RunSetting setting = new RunSetting(folder, manifest, request.data(), factory, host);
      RunState state =
          RunState.before(manifest, host.toBegin(source.spec(), manifest.spec().batch()));
      RunParts parts = setting.parts(source, trainee, state);
      String said = String.join("; ", RunSettings.describe(source, request.spec(), request.out()));
      return new TrainingRun(
          setting,
          parts,
          Optional.empty(),
          ImmutableList.of(new RunLog.Note(RunEvent.STARTED, said)));
    } catch (IOException | RuntimeException e) {
      folder.close();
      Files.deleteIfExists(RunFolder.manifest(out));
      if (made) {
        Folders.delete(out);
      }
      throw e;
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

  /** Goes on exactly from the newest whole checkpoint, or from the start if there is none. */
  TrainingRun resume(Path out) throws IOException {
    return resume(out, ResumeSpec.DEFAULT);
  }

  /** Goes on from the newest whole checkpoint, or from the start if there is none. */
  TrainingRun resume(Path out, ResumeSpec how) throws IOException {
    return resume(out, how, (spec, checkpoint) -> TrainingData.open(spec, out));
  }

  /** Goes on as the other form does, with data that is opened in another way. */
  TrainingRun resume(Path out, ResumeSpec how, TrainingRun.DataOpener opener) throws IOException {
    RunManifest manifest = RunManifest.read(RunFolder.manifest(out));
    RunFolder folder = RunFolder.hold(out);
    try {
      TrainingData data = opener.open(manifest.data(), reader(manifest, folder));
      RunManifest now = manifest.with(data.spec(out));
      if (!now.equals(manifest)) {
        TrainJson.writeAtomically(RunFolder.manifest(out), now);
      }
      return new Resuming(new RunSetting(folder, now, data, factory, host), how).run();
    } catch (IOException | RuntimeException e) {
      folder.close();
      throw e;
    }
  }

  /** The checkpoint whose tokenizer reads the run's text. */
  private static Path reader(RunManifest manifest, RunFolder folder) throws IOException {
    Path source = Path.of(manifest.checkpoint());
    ImmutableList<Path> steps = folder.steps();
    return Files.isDirectory(source) || steps.isEmpty() ? source : steps.get(0);
  }

  /** A resume, and its notes. */
  private static final class Resuming {
    private final RunSetting setting;
    private final ResumeSpec how;
    private final ImmutableList.Builder<RunLog.Note> notes = ImmutableList.builder();

    Resuming(RunSetting setting, ResumeSpec how) {
      this.setting = setting;
      this.how = how;
    }

    /** State of a run that is resumed from a checkpoint. */
    private interface StateOf {
      RunState of(Checkpoint source) throws IOException;
    }

    TrainingRun run() throws IOException {
      CheckpointFinder finder =
          new CheckpointFinder(
              setting.folder(), how.fallBack(), text -> warn(RunEvent.QUARANTINED, text));
      Optional<CheckpointFinder.Found> found = finder.newest(step -> true);
      return found.isPresent() ? goOn(found.get()) : restart();
    }

    private TrainingRun goOn(CheckpointFinder.Found found) throws IOException {
      checkSameRun(found);
      RunState state = inThisEnvironment(found);
      // a roll back gave these up, and was killed before it could delete them
      setting.folder().discardBetween(found.manifest().parent(), state.step());
      String name = Folders.name(found.folder());
      notes.add(new RunLog.Note(RunEvent.RESUMED, "the run continues from " + name));
      return open(Optional.of(found.folder()), source -> state);
    }

    private TrainingRun restart() throws IOException {
      notes.add(
          new RunLog.Note(RunEvent.RESUMED, "no checkpoint is whole, and the run begins again"));
      return open(Optional.empty(), this::before);
    }

    private RunState before(Checkpoint source) throws IOException {
      RunManifest manifest = setting.manifest();
      return RunState.before(
          manifest, setting.host().toBegin(source.spec(), manifest.spec().batch()));
    }

    private TrainingRun open(Optional<Path> step, StateOf state) throws IOException {
      TrainSpec spec = setting.manifest().spec();
      if (!spec.evaluation().asTrained()
          && spec.batch().documentMask()
          && HeldOut.in(setting.folder().path()).isPresent()) {
        warn(
            RunEvent.WARNING,
            "the run was begun by an older version: its held-out text is still evaluated"
                + " without the document mask of its training");
      }
      return setting.load(
          step,
          (source, trainee) ->
              new TrainingRun(
                  setting, setting.parts(source, trainee, state.of(source)), step, notes.build()));
    }

    private void checkSameRun(CheckpointFinder.Found found) {
      RunManifest manifest = setting.manifest();
      RunState state = found.state();
      boolean same =
          state.spec().equals(manifest.spec())
              && state.budget().equals(manifest.budget())
              && state.dataSha256().equals(manifest.data().sha256());
      if (!same) {
        throw new CoppiceException(
            ErrorKind.INTEGRITY,
            "checkpoint must have the spec, budget and data of run.json, got others ("
                + found.folder()
                + ")");
      }
    }

    private RunState inThisEnvironment(CheckpointFinder.Found found) {
      Environment now = setting.host().toGoOn(found.state().environment());
      List<String> differences = new ArrayList<>(now.differencesFrom(found.state().environment()));
      if (found.state().lossesOfMicroBatches()) {
        differences.add("auxiliary losses of the whole batch instead of each micro-batch");
      }
      if (differences.isEmpty()) {
        return found.state();
      }
      String text = String.join(", ", differences);
      if (!how.inexact()) {
        throw new CoppiceException(
            ErrorKind.REQUEST_INVALID,
            "environment must be that of the run for an exact resume, got "
                + text
                + " (restore it, or use --inexact: results then agree but for rounding)");
      }
      warn(RunEvent.WARNING, "the resume is inexact: " + text);
      return found.state().in(now);
    }

    private void warn(String kind, String text) {
      LOG.warn("{}", text);
      notes.add(new RunLog.Note(kind, text));
    }
  }
}

package dev.coppice.train.run;

import ai.djl.engine.EngineException;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSortedMap;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.budget.Spent;
import dev.coppice.train.data.DataRecord;
import dev.coppice.train.data.DataSpec;
import dev.coppice.train.data.TrainingData;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.metrics.RunSinks;
import dev.coppice.train.spec.TrainSpec;
import dev.coppice.train.store.RunFolder;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * One run: a checkpoint trained on, under a budget, in a folder of its own.
 *
 * <p>The folder holds {@code run.json}, {@code metrics.jsonl} and checkpoints named by their step,
 * the last of which is the result. A run that was stopped or killed resumes from its newest
 * complete checkpoint, and takes the same steps to the same bits as if it had never stopped, given
 * the same build, kernels, instruction set, device and threads, and a budget other than {@link
 * Budget.WallClock}.
 *
 * <p>A checkpoint that cannot be written does not end the run, unless it is the last one.
 *
 * <p>Not thread-safe, but for {@link #requestStop} and {@link #requestSave}.
 */
public final class TrainingRun implements Closeable {
  private final RunSetting setting;
  private final RunParts parts;
  private final ImmutableList<RunLog.Note> notes;
  private final RunLoop.Requests requests = new RunLoop.Requests();
  private Optional<Path> newest;
  private ImmutableSortedMap<String, Double> lastLook = ImmutableSortedMap.of();

  /**
   * A run at its position.
   *
   * @param setting of the run
   * @param parts of it
   * @param newest checkpoint that is there
   * @param notes what happened before its first step
   */
  TrainingRun(
      RunSetting setting, RunParts parts, Optional<Path> newest, ImmutableList<RunLog.Note> notes) {
    this.setting = setting;
    this.parts = parts;
    this.newest = newest;
    this.notes = notes;
  }

  /**
   * Begins a run. Nothing is trained yet; what cannot go well is refused here, and then nothing is
   * left behind.
   *
   * @param spec how it trains
   * @param checkpoint folder that it starts from
   * @param data of its training; must stay where it is
   * @param budget of the run
   * @param out folder of the run; must not exist, but may if it holds nothing but the data
   * @throws CoppiceException when {@code out} exists, the budget does not hold one step, the data
   *     does not fill one window or has ids that the checkpoint has not, or the checkpoint is
   *     damaged
   * @throws IOException when reading or writing fails
   */
  public static TrainingRun start(
      TrainSpec spec, Path checkpoint, TrainingData data, Budget budget, Path out)
      throws IOException {
    RunRequest request = new RunRequest(spec, checkpoint, data, budget, out);
    return Memory.guarded(() -> new RunOpener(TraineeFactory.MODELS).start(request));
  }

  /**
   * Begins a run on one token file.
   *
   * @param spec how it trains
   * @param checkpoint folder that it starts from
   * @param data of its training; must stay where it is
   * @param budget of the run
   * @param out folder of the run
   * @throws CoppiceException as the other form does
   * @throws IOException when reading or writing fails
   */
  public static TrainingRun start(
      TrainSpec spec, Path checkpoint, TokenFile data, Budget budget, Path out) throws IOException {
    return start(spec, checkpoint, TrainingData.of(data), budget, out);
  }

  /**
   * Goes on with a run, exactly, from its newest whole checkpoint; damaged ones are set aside by
   * name.
   *
   * @param out folder of the run
   * @throws CoppiceException as the other form does
   * @throws IOException when reading or writing fails
   */
  public static TrainingRun resume(Path out) throws IOException {
    return resume(out, ResumeSpec.DEFAULT);
  }

  /**
   * Goes on with a run from its newest whole checkpoint; damaged ones are set aside by name.
   *
   * @param out folder of the run
   * @param how what may differ
   * @throws CoppiceException when it is no run's folder, another process holds it, its data has
   *     changed, its environment is another one, or a checkpoint is damaged, and {@code how} does
   *     not allow that
   * @throws IOException when reading or writing fails
   */
  public static TrainingRun resume(Path out, ResumeSpec how) throws IOException {
    return Memory.guarded(() -> new RunOpener(TraineeFactory.MODELS).resume(out, how));
  }

  /** Opens the data of a resumed run. */
  @FunctionalInterface
  public interface DataOpener {
    /**
     * Opens it.
     *
     * @param data as the run recorded it; the same SHA-256 is given back
     * @param checkpoint whose tokenizer reads the run's text
     * @throws IOException when it cannot be read
     */
    TrainingData open(DataSpec data, Path checkpoint) throws IOException;
  }

  /**
   * Goes on with a run whose data may lie elsewhere by now; its record then says where.
   *
   * @param out folder of the run
   * @param how what may differ
   * @param opener of the data
   * @throws CoppiceException as the other form does
   * @throws IOException when reading or writing fails
   */
  public static TrainingRun resume(Path out, ResumeSpec how, DataOpener opener) throws IOException {
    return Memory.guarded(() -> new RunOpener(TraineeFactory.MODELS).resume(out, how, opener));
  }

  /**
   * Trains until the budget holds no further step, or a stop is requested; then saves.
   *
   * @param listener called after each step
   * @throws CoppiceException as the other form does
   * @throws IOException as the other form does
   */
  public TrainResult run(ProgressListener listener) throws IOException {
    return run(listener, ImmutableList.of());
  }

  /**
   * Trains until the budget holds no further step, or a stop is requested; then saves.
   *
   * @param listener called after each step
   * @param sinks further sinks of steps and events; none of them ends the run
   * @throws CoppiceException with {@link ErrorKind#DIVERGED} when too many steps in a row had no
   *     finite gradient, or too many spikes rolled back; with {@link ErrorKind#RESOURCE} when the
   *     last step cannot be saved, or memory does not suffice. The newest checkpoint stays
   * @throws IOException when the curve cannot be opened, or a roll back cannot read
   */
  public TrainResult run(ProgressListener listener, ImmutableList<RunSinks.Opener> sinks)
      throws IOException {
    RunFolder folder = setting.folder();
    try (RunLog log = new RunLog(RunSinks.open(folder.path(), parts.step(), sinks), parts.step());
        Saving saving = saving();
        Evaluation evaluation = evaluation(log)) {
      notes.forEach(note -> log.event(note.kind(), note.message(), ImmutableSortedMap.of()));
      RunLoop loop = new RunLoop(parts, log, saving, evaluation, new RollBack(setting));
      try {
        loop.train(listener, requests);
        loop.end();
      } catch (OutOfMemoryError | EngineException e) {
        String lack = Memory.lack(e);
        if (lack.isEmpty()) {
          throw e;
        }
        throw saving.lost(lack);
      } finally {
        saving.awaitQuietly(log);
        newest = saving.newest();
        lastLook = evaluation.lastLook();
      }
    }
    return result();
  }

  private Saving saving() {
    return new Saving(parts.saver(), spec().save(), newest, setting.host().nanoTime());
  }

  private Evaluation evaluation(RunLog log) throws IOException {
    Path stands = newest.orElse(Path.of(setting.manifest().checkpoint()));
    return Evaluation.open(setting.folder(), setting.manifest(), stands, log);
  }

  private TrainResult result() {
    Spent spent = spent();
    return new TrainResult(
        !parts.meter().fits(),
        spent.steps(),
        parts.runner().state().skippedSteps(),
        spent.tokens(),
        spent.totalFlops(),
        spent.totalFlopsWithAttention(),
        spent.seconds(),
        newest.orElseThrow(),
        setting.folder().metrics(),
        Optional.of(setting.folder().averaged(spent.steps())).filter(Files::exists),
        lastLook);
  }

  /** Asks for the end after the step that is being taken. From any thread. */
  public void requestStop() {
    requests.requestStop();
  }

  /** Asks for a checkpoint after the step that is being taken. From any thread. */
  public void requestSave() {
    requests.requestSave();
  }

  /** Spent amounts, those before a resume included. */
  public Spent spent() {
    return parts.meter().spent();
  }

  /** The share of the budget that is spent, in [0, 1]. */
  public double share() {
    return parts.meter().share();
  }

  /** How the run trains. */
  public TrainSpec spec() {
    return parts.runner().state().spec();
  }

  /** The total at the end of the budget, or empty where that depends on the clock. */
  public Optional<Spent> forecast() {
    return parts.meter().forecast();
  }

  /**
   * The lines before the first step: the settings of a new run, or the position of a resumed one.
   */
  public ImmutableList<String> notes() {
    return notes.stream().map(RunLog.Note::message).collect(ImmutableList.toImmutableList());
  }

  /** The run's data and its source; nothing for runs of earlier versions. */
  public Optional<DataRecord> data() {
    return Optional.ofNullable(setting.manifest().data().read());
  }

  /** The run's budget. */
  public Budget budget() {
    return parts.runner().state().budget();
  }

  @Override
  public void close() throws IOException {
    parts.close();
    setting.folder().close();
  }
}

package dev.coppice.train.run;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.budget.BudgetMeter;
import dev.coppice.train.budget.Spent;
import dev.coppice.train.data.TokenFile;
import dev.coppice.train.data.TrainingData;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.metrics.MetricsLog;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * One run: a checkpoint trained on, under a budget, in a folder of its own.
 *
 * <p>The folder holds {@code run.json}, {@code metrics.jsonl} and checkpoints named by their step,
 * the last of which is the result. A run that was stopped or killed goes on from its newest whole
 * checkpoint, and takes the same steps to the same bits as if it had never stopped, given the same
 * build, the same threads, and a budget other than {@link Budget.WallClock}.
 *
 * <p>Not thread-safe, but for {@link #requestStop}.
 */
public final class TrainingRun implements Closeable {
  private final RunFolder folder;
  private final Parts parts;
  private Optional<Path> lastCheckpoint;
  private volatile boolean stopRequested;

  TrainingRun(RunFolder folder, Parts parts, Optional<Path> lastCheckpoint) {
    this.folder = folder;
    this.parts = parts;
    this.lastCheckpoint = lastCheckpoint;
  }

  /**
   * Begins a run. Nothing is trained yet; what cannot go well is refused here, and then nothing is
   * left behind.
   *
   * @param spec how it trains
   * @param checkpoint folder that it starts from
   * @param data what it reads; must stay where it is
   * @param budget what it may spend
   * @param out folder of the run; must not exist, but may if it holds nothing but the data
   * @throws CoppiceException when {@code out} exists, the budget does not hold one step, the data
   *     does not fill one window or has ids that the checkpoint has not, or the checkpoint is
   *     damaged
   * @throws IOException when reading or writing fails
   */
  public static TrainingRun start(
      TrainSpec spec, Path checkpoint, TrainingData data, Budget budget, Path out)
      throws IOException {
    return new RunOpener(TraineeFactory.MODELS)
        .start(new RunRequest(spec, checkpoint, data, budget, out));
  }

  /**
   * Begins a run on one token file.
   *
   * @param spec how it trains
   * @param checkpoint folder that it starts from
   * @param data what it reads; must stay where it is
   * @param budget what it may spend
   * @param out folder of the run
   * @throws CoppiceException as the other form does
   * @throws IOException when reading or writing fails
   */
  public static TrainingRun start(
      TrainSpec spec, Path checkpoint, TokenFile data, Budget budget, Path out) throws IOException {
    return start(spec, checkpoint, TrainingData.of(data), budget, out);
  }

  /**
   * Goes on with a run from its newest whole checkpoint; damaged ones are set aside by name.
   *
   * @param out folder of the run
   * @throws CoppiceException when it is no run's folder, another process holds it, or its data has
   *     changed
   * @throws IOException when reading or writing fails
   */
  public static TrainingRun resume(Path out) throws IOException {
    return new RunOpener(TraineeFactory.MODELS).resume(out);
  }

  /**
   * Trains until the budget holds no further step, or a stop is requested; then saves.
   *
   * @param listener hears of each step
   * @throws CoppiceException with {@link ExitCode#DIVERGED} when too many steps in a row had no
   *     finite gradient; the last checkpoint stays
   * @throws IOException when the disk refuses; the last checkpoint stays
   */
  public TrainResult run(ProgressListener listener) throws IOException {
    try (MetricsLog log = MetricsLog.openAfter(folder.metrics(), step())) {
      while (parts.meter().fits() && !stopRequested) {
        MetricsLine line = parts.runner().step().line();
        log.append(line);
        listener.onStep(line, parts.meter().share());
        parts.runner().checkNotDiverged();
        if (step() % parts.runner().state().spec().save().everySteps() == 0) {
          save(log);
        }
      }
      save(log);
    }
    return result();
  }

  private void save(MetricsLog log) throws IOException {
    if (lastCheckpoint.equals(Optional.of(folder.step(step())))) {
      return;
    }
    // a checkpoint must never know of steps that the curve has lost
    log.force();
    lastCheckpoint = Optional.of(parts.saver().save(parts.trainee().now(), parts.runner().state()));
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
        lastCheckpoint.orElseThrow(),
        folder.metrics());
  }

  /** Asks for the end after the step that is being taken. From any thread. */
  public void requestStop() {
    stopRequested = true;
  }

  /** What is spent so far, before a resume included. */
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

  /** What the run may spend. */
  public Budget budget() {
    return parts.runner().state().budget();
  }

  private long step() {
    return parts.runner().state().step();
  }

  @Override
  public void close() throws IOException {
    parts.trainee().close();
    folder.close();
  }

  /** What a run is made of. */
  record Parts(Trainee trainee, StepRunner runner, BudgetMeter meter, CheckpointSaver saver) {}
}

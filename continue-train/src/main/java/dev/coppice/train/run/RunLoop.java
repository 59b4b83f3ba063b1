package dev.coppice.train.run;

import com.google.common.collect.ImmutableSortedMap;
import dev.coppice.moe.CoppiceException;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.metrics.RunEvent;
import dev.coppice.train.spec.SpikePolicy;
import dev.coppice.train.spec.TrainSpec;
import java.io.IOException;
import java.util.Locale;

/** The steps of a run, and what happens between them. */
final class RunLoop {
  private final RunParts parts;
  private final RunLog log;
  private final Saving saving;
  private final Evaluation evaluation;
  private final RollBack rollBack;
  private final TrainSpec spec;

  RunLoop(RunParts parts, RunLog log, Saving saving, Evaluation evaluation, RollBack rollBack) {
    this.parts = parts;
    this.log = log;
    this.saving = saving;
    this.evaluation = evaluation;
    this.rollBack = rollBack;
    this.spec = parts.runner().state().spec();
  }

  /**
   * Trains until the budget holds no further step, or a stop is requested.
   *
   * @param listener called after each step
   * @param requests from other threads
   */
  void train(ProgressListener listener, Requests requests) throws IOException {
    evaluation.before(parts, log);
    while (parts.meter().fits() && !requests.stop()) {
      StepReport report = parts.runner().step();
      log.step(report.line());
      tell(report);
      listener.onStep(report.line(), parts.meter().share());
      parts.runner().checkNotDiverged();
      boolean back = report.spike() && spec.guard().policy() == SpikePolicy.ROLLBACK;
      if (back) {
        saving.await(log);
        rollBack.now(parts, log);
      }
      evaluation.after(parts, log);
      saving.look(log);
      if (requests.takeSave() || saving.due(parts.step()) || back) {
        saving.save(parts, log, false);
      }
    }
  }

  private void tell(StepReport report) {
    MetricsLine line = report.line();
    if (report.spike()) {
      String text = "loss or gradient norm leapt" + (line.skipped() ? "; no update" : "");
      log.event(RunEvent.SPIKE, text, values(line));
    } else if (report.unlabelled()) {
      String text = "no token follows another of its document; no update";
      log.event(RunEvent.SKIPPED, text, ImmutableSortedMap.of());
    } else if (line.skipped()) {
      log.event(RunEvent.SKIPPED, "loss or gradient was not finite; no update", values(line));
    }
  }

  private static ImmutableSortedMap<String, Double> values(MetricsLine line) {
    ImmutableSortedMap.Builder<String, Double> values = ImmutableSortedMap.naturalOrder();
    if (line.loss() != null) {
      values.put("loss", line.loss());
    }
    if (line.gradientNorm() != null) {
      values.put("gradient_norm", line.gradientNorm());
    }
    return values.buildOrThrow();
  }

  /**
   * Saves where the run has come to.
   *
   * @throws CoppiceException when that cannot be brought to disk
   */
  void end() throws IOException {
    saving.save(parts, log, true);
    saving.checkSaved(parts.step());
    boolean finished = !parts.meter().fits();
    try {
      if (finished) {
        parts.saver().saveAverage(parts.trainee().now(), parts.runner().state());
      }
      String text = String.format(Locale.ROOT, "after %d steps", parts.step());
      log.event(finished ? RunEvent.FINISHED : RunEvent.STOPPED, text, ImmutableSortedMap.of());
      log.force();
    } catch (IOException e) {
      throw saving.lost("the end of the run must be on disk, got " + e.getMessage());
    }
  }

  /** Requests of other threads. */
  static final class Requests {
    private volatile boolean stop;
    private boolean save;

    void requestStop() {
      stop = true;
    }

    synchronized void requestSave() {
      save = true;
    }

    boolean stop() {
      return stop;
    }

    /** Whether a save was requested since the last call. */
    synchronized boolean takeSave() {
      boolean asked = save;
      save = false;
      return asked;
    }
  }
}

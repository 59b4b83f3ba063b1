package dev.coppice.bench.experiment;

import dev.coppice.moe.cli.ProgressLine;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.run.ProgressListener;
import java.util.Locale;

/** One progress line over all phases of an experiment, weighted by the time each should take. */
final class ExperimentProgress implements AutoCloseable {
  private final ProgressLine line;
  private double done;

  /**
   * Starts the line.
   *
   * @param seconds that all phases together should take; positive
   * @param quiet whether nothing is to be shown
   */
  ExperimentProgress(double seconds, boolean quiet) {
    this.line = ProgressLine.start("coppice", seconds, quiet);
  }

  /**
   * A phase of training: its listener.
   *
   * @param name what the line says
   * @param seconds that the phase should take
   */
  ProgressListener training(String name, double seconds) {
    double before = done;
    return (metrics, share) -> {
      done = before + share * seconds;
      line.update(done, detail(name, metrics));
    };
  }

  /**
   * A phase without steps, after it has ended.
   *
   * @param name what the line says
   * @param seconds that the phase should have taken
   */
  void passed(String name, double seconds) {
    done += seconds;
    line.update(done, name);
  }

  private static String detail(String name, MetricsLine metrics) {
    Double loss = metrics.loss();
    return String.format(
        Locale.ROOT,
        "%s  step %d  loss %s  %.0f tokens/s",
        name,
        metrics.step(),
        loss == null ? "not finite" : String.format(Locale.ROOT, "%.3f", loss),
        metrics.tokensPerSecond());
  }

  @Override
  public void close() {
    line.close();
  }
}

package dev.coppice.train.metrics;

import java.io.Closeable;
import java.io.IOException;

/**
 * Where the steps and events of a run go. Used from one thread.
 *
 * <p>Of all sinks only {@link MetricsLog} may stop a run; {@link RunSinks} holds the others to it.
 */
public interface MetricsSink extends Closeable {

  /**
   * Takes a step.
   *
   * @param line of the next step
   * @throws IOException when it cannot be kept
   */
  void step(MetricsLine line) throws IOException;

  /**
   * Takes an event.
   *
   * @param event that happened
   * @throws IOException when it cannot be kept
   */
  void event(RunEvent event) throws IOException;

  /**
   * Brings all that was taken to disk, or on its way.
   *
   * @throws IOException when it cannot be kept
   */
  void force() throws IOException;

  /**
   * The run has gone back to a step: curves forget later steps, events stay.
   *
   * @param step to which it went back
   * @throws IOException when the sink cannot follow
   */
  default void rewind(long step) throws IOException {}
}

package dev.coppice.train.run;

import com.google.common.collect.ImmutableSortedMap;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.metrics.MetricsSink;
import dev.coppice.train.metrics.RunEvent;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Notes of a run: lines that the disk refuses are kept in memory until it takes them. */
final class RunLog implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(RunLog.class);

  private final MetricsSink sink;
  private final Deque<MetricsLine> waiting = new ArrayDeque<>();
  private long step;
  private boolean told;

  /** Events from before the log was open. */
  record Note(String kind, String message) {}

  /**
   * A log.
   *
   * @param sink where lines and events go
   * @param step where the run stands
   */
  RunLog(MetricsSink sink, long step) {
    this.sink = sink;
    this.step = step;
  }

  /** Takes a step's line. */
  void step(MetricsLine line) {
    step = line.step();
    waiting.addLast(line);
    try {
      drain();
      told = false;
    } catch (IOException e) {
      if (!told) {
        told = true;
        warn(
            RunEvent.WARNING,
            "metrics cannot be written, and wait in memory: " + e.getMessage(),
            ImmutableSortedMap.of());
      }
    }
  }

  private void drain() throws IOException {
    while (!waiting.isEmpty()) {
      sink.step(waiting.getFirst());
      waiting.removeFirst();
    }
  }

  /** Tells of what happened at the present step. */
  void event(String kind, String message, ImmutableSortedMap<String, Double> values) {
    try {
      sink.event(new RunEvent(step, kind, message, values));
    } catch (IOException e) {
      LOG.warn("{} cannot be kept: {}", kind, e.toString());
    }
  }

  /** Tells of what someone should see at once. */
  void warn(String kind, String message, ImmutableSortedMap<String, Double> values) {
    LOG.warn("{}", message);
    event(kind, message, values);
  }

  /**
   * Brings all to disk.
   *
   * @throws IOException when the disk refuses a line
   */
  void force() throws IOException {
    drain();
    sink.force();
  }

  @Override
  public void close() throws IOException {
    sink.close();
  }
}

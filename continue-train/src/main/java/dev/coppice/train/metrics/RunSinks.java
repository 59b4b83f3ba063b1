package dev.coppice.train.metrics;

import com.google.common.collect.ImmutableList;
import com.google.common.io.Closer;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All sinks of a run as one: {@code metrics.jsonl}, which must be written for the run to continue,
 * and others whose failures are reported once and never stop it.
 */
public final class RunSinks implements MetricsSink {
  private static final Logger LOG = LoggerFactory.getLogger(RunSinks.class);

  private final MetricsLog metrics;
  private final ImmutableList<Guarded> others;

  private RunSinks(MetricsLog metrics, ImmutableList<Guarded> others) {
    this.metrics = metrics;
    this.others = others;
  }

  /**
   * Opens {@code metrics.jsonl} and {@code events.jsonl} to continue after a step, with others.
   *
   * @param runFolder of the run
   * @param lastStep where the run stands; 0 for a new one
   * @param others opened likewise; the first to fail is named once, and tried again each time
   * @throws IOException when the curve cannot be opened; then nothing stays open
   */
  public static RunSinks open(Path runFolder, long lastStep, ImmutableList<Opener> others)
      throws IOException {
    MetricsLog metrics = MetricsLog.openAfter(runFolder.resolve("metrics.jsonl"), lastStep);
    ImmutableList.Builder<Guarded> opened = ImmutableList.builder();
    open("events.jsonl", () -> EventLog.openAfter(runFolder.resolve("events.jsonl"), lastStep))
        .forEach(opened::add);
    for (Opener other : others) {
      open(other.name(), () -> other.open(runFolder, lastStep)).forEach(opened::add);
    }
    return new RunSinks(metrics, opened.build());
  }

  private static ImmutableList<Guarded> open(String name, Opening opening) {
    try {
      return ImmutableList.of(new Guarded(name, opening.open()));
    } catch (IOException | RuntimeException e) {
      LOG.warn("{} cannot be opened, and the run continues without it: {}", name, e.toString());
      return ImmutableList.of();
    }
  }

  @Override
  public void step(MetricsLine line) throws IOException {
    metrics.step(line);
    others.forEach(sink -> sink.guard(() -> sink.inner.step(line)));
  }

  @Override
  public void event(RunEvent event) {
    others.forEach(sink -> sink.guard(() -> sink.inner.event(event)));
  }

  @Override
  public void force() throws IOException {
    metrics.force();
    others.forEach(sink -> sink.guard(sink.inner::force));
  }

  @Override
  public void rewind(long step) throws IOException {
    metrics.rewind(step);
    others.forEach(sink -> sink.guard(() -> sink.inner.rewind(step)));
  }

  @Override
  public void close() throws IOException {
    try (Closer closer = Closer.create()) {
      closer.register(metrics);
      others.forEach(sink -> closer.register((Closeable) () -> sink.guard(sink.inner::close)));
    }
  }

  /** Opens a sink that may fail. */
  public interface Opener {
    /** What the sink is called in a warning. */
    String name();

    /**
     * Opens it to continue after a step.
     *
     * @param runFolder of the run
     * @param lastStep where the run stands
     * @throws IOException when it cannot be opened; the run continues without it
     */
    MetricsSink open(Path runFolder, long lastStep) throws IOException;
  }

  private interface Opening {
    MetricsSink open() throws IOException;
  }

  private interface Action {
    void run() throws IOException;
  }

  /** A sink whose failures are reported once. */
  private static final class Guarded {
    private final String name;
    private final MetricsSink inner;
    private boolean told;

    Guarded(String name, MetricsSink inner) {
      this.name = name;
      this.inner = inner;
    }

    void guard(Action action) {
      try {
        action.run();
      } catch (IOException | RuntimeException e) {
        if (!told) {
          told = true;
          LOG.warn("{} gets no further entries, and the run continues: {}", name, e.toString());
        }
      }
    }
  }
}

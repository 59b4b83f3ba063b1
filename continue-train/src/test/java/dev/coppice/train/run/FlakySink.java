package dev.coppice.train.run;

import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.metrics.MetricsSink;
import dev.coppice.train.metrics.RunEvent;
import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** Keeps what it is told, unless it is to fail. */
final class FlakySink implements MetricsSink {
  final List<Long> steps = new ArrayList<>();
  final List<String> events = new ArrayList<>();
  boolean fails;

  static MetricsLine line(long step) {
    return new MetricsLine(
        step,
        step,
        BigInteger.ONE,
        BigInteger.ONE,
        1.0,
        1.0,
        1.0,
        0.0,
        1,
        0,
        1e-3,
        1.0,
        false,
        1,
        1,
        0);
  }

  private void check() throws IOException {
    if (fails) {
      throw new IOException("No space left on device");
    }
  }

  @Override
  public void step(MetricsLine line) throws IOException {
    check();
    steps.add(line.step());
  }

  @Override
  public void event(RunEvent event) {
    events.add(event.kind());
  }

  @Override
  public void force() throws IOException {
    check();
  }

  @Override
  public void close() {}
}

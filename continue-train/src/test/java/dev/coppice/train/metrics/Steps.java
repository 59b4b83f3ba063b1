package dev.coppice.train.metrics;

import java.math.BigInteger;

/** Lines of metrics for tests. */
final class Steps {
  private Steps() {}

  /** A line whose numbers follow from its step. */
  static MetricsLine line(long step) {
    return line(step, 5.0 / step);
  }

  /** The same with a loss. */
  static MetricsLine line(long step, double loss) {
    return new MetricsLine(
        step,
        64 * step,
        BigInteger.valueOf(1000 * step),
        BigInteger.valueOf(1100 * step),
        MetricsLine.finite(loss),
        1.0,
        0.5,
        0.25,
        1.25,
        2,
        1e-3,
        0.5 * step,
        false,
        2000,
        0.1 * step,
        0.0078125);
  }
}

package dev.coppice.moe.chart;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * One value of a series.
 *
 * @param x place; finite
 * @param y value; finite
 */
public record Point(double x, double y) {
  /** Checks that both are finite. */
  public Point {
    checkArgument(
        Double.isFinite(x) && Double.isFinite(y), "a point must be finite, got (%s, %s)", x, y);
  }
}

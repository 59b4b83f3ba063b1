package dev.coppice.moe.chart;

/**
 * Size of a chart and the margins around its plot, in SVG user units.
 *
 * @param width whole chart
 * @param height whole chart
 * @param left margin for the vertical axis' labels
 * @param right margin
 * @param top margin for the legend
 * @param bottom margin for the horizontal axis' labels
 */
record Frame(int width, int height, int left, int right, int top, int bottom) {
  /** The same plot under a higher or lower top margin. */
  Frame withTop(int other) {
    return new Frame(width, height - top + other, left, right, other, bottom);
  }

  double x(double share) {
    return left + share * (width - left - right);
  }

  double y(double share) {
    return height - bottom - share * (height - top - bottom);
  }
}

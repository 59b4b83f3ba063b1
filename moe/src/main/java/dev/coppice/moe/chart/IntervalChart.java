package dev.coppice.moe.chart;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;

/**
 * One value with its interval a row, as SVG: distinguishable models are visible at a glance.
 *
 * @param title what the chart shows
 * @param x the axis that all rows share
 * @param rows from top to bottom; at least one
 */
public record IntervalChart(String title, Axis x, ImmutableList<Row> rows) {
  private static final int ROW_HEIGHT = 38;

  /**
   * One row.
   *
   * @param name what it is
   * @param tone its colour
   * @param low start of the interval
   * @param value the value itself
   * @param high end of the interval
   */
  public record Row(String name, Tone tone, double low, double value, double high) {
    /** Checks that the value lies in its interval. */
    public Row {
      checkArgument(
          low <= value && value <= high,
          "interval of '%s' must hold its value, got %s in %s..%s",
          name,
          value,
          low,
          high);
    }
  }

  /** Checks that there is a row. */
  public IntervalChart {
    checkArgument(!rows.isEmpty(), "chart '%s' must have a row, got none", title);
  }

  /** The chart as one {@code svg} element, ending in a newline. */
  public String svg() {
    Frame frame = new Frame(760, 70 + ROW_HEIGHT * rows.size(), 110, 30, 12, 50);
    SvgCanvas canvas = new SvgCanvas(frame, title);
    double least = rows.stream().mapToDouble(Row::low).min().orElseThrow();
    double most = rows.stream().mapToDouble(Row::high).max().orElseThrow();
    Ticks ticks = Ticks.covering(least, most, x.scale());
    canvas.horizontalAxis(ticks, x.label());
    for (int i = 0; i < rows.size(); i++) {
      Row row = rows.get(i);
      double y = 1 - (i + 0.5) / rows.size();
      canvas.rowLabel(y, row.name());
      canvas.interval(
          row.tone(), ticks.place(row.low()), ticks.place(row.value()), ticks.place(row.high()), y);
    }
    return canvas.finish();
  }
}

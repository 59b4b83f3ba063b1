package dev.coppice.moe.chart;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;

/**
 * Lines over two axes, as SVG without scripts or outside references.
 *
 * <p>The same chart gives the same bytes everywhere. Colours come from the page's style sheet.
 *
 * @param title what the chart shows; also the text for screen readers
 * @param x horizontal axis
 * @param y vertical axis
 * @param series lines, drawn in order; at least one
 */
public record LineChart(String title, Axis x, Axis y, ImmutableList<Series> series) {
  private static final Frame FRAME = new Frame(760, 380, 64, 20, 44, 54);
  private static final int MOST_DOTS = 40;

  /** Checks that there is a line. */
  public LineChart {
    checkArgument(!series.isEmpty(), "chart '%s' must have a series, got none", title);
  }

  /** The chart as one {@code svg} element, ending in a newline. */
  public String svg() {
    Ticks horizontal = range(x, all(Point::x));
    Ticks vertical = range(y, all(Point::y));
    Legend legend = Legend.of(series, FRAME);
    SvgCanvas canvas = new SvgCanvas(FRAME.withTop(legend.height()), title);
    canvas.verticalAxis(vertical, y.label());
    canvas.horizontalAxis(horizontal, x.label());
    for (Series line : series) {
      ImmutableList<Point> places =
          line.points().stream()
              .map(p -> new Point(horizontal.place(p.x()), vertical.place(p.y())))
              .collect(toImmutableList());
      draw(canvas, line, places);
    }
    canvas.legend(legend);
    return canvas.finish();
  }

  /** The chart as a file of its own, with its style inside. */
  public String file() {
    String svg = svg();
    int inside = svg.indexOf('\n') + 1;
    return svg.substring(0, inside)
        + "<style>\n"
        + ChartStyle.palette()
        + ChartStyle.rules()
        + "</style>\n"
        + svg.substring(inside);
  }

  private static void draw(SvgCanvas canvas, Series line, ImmutableList<Point> places) {
    Series.Mark mark = line.mark();
    if (mark != Series.Mark.DOTS) {
      canvas.polyline(
          line,
          places.stream().map(p -> canvas.position(p.x(), p.y())).collect(Collectors.joining(" ")));
    }
    boolean few = mark == Series.Mark.LINE && places.size() <= MOST_DOTS;
    if (few || mark == Series.Mark.DOTS) {
      places.forEach(p -> canvas.dot(line.tone(), p.x(), p.y()));
    }
  }

  private DoubleStream all(ToDoubleFunction<Point> coordinate) {
    return series.stream().flatMap(s -> s.points().stream()).mapToDouble(coordinate);
  }

  private static Ticks range(Axis axis, DoubleStream values) {
    var statistics = values.summaryStatistics();
    return Ticks.covering(statistics.getMin(), statistics.getMax(), axis.scale());
  }
}

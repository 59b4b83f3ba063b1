package dev.coppice.moe.chart;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;

/**
 * A named line of a chart.
 *
 * @param name what the legend says
 * @param tone colour and dash, the same for one thing in every chart of a page
 * @param mark how its points are drawn
 * @param points in drawing order; at least one
 */
public record Series(String name, Tone tone, Mark mark, ImmutableList<Point> points) {
  /** How points are drawn. */
  public enum Mark {
    /** As a line, with dots where they are few. */
    LINE,
    /** As a thin, pale line without a place in the legend: the raw values behind a smooth line. */
    FAINT,
    /** As dots alone. */
    DOTS
  }

  /** Checks that there is something to draw. */
  public Series {
    checkArgument(!points.isEmpty(), "series '%s' must have a point, got none", name);
  }

  /**
   * A line.
   *
   * @param name what the legend says
   * @param tone colour and dash
   * @param points in drawing order; at least one
   */
  public Series(String name, Tone tone, ImmutableList<Point> points) {
    this(name, tone, Mark.LINE, points);
  }

  /**
   * The series with at most so many points, each the mean of the points that it stands for.
   *
   * <p>Groups are equal in count up to one, so that a noisy curve becomes readable and small.
   *
   * @param count most points of the result; positive
   */
  public Series thinned(int count) {
    checkArgument(count > 0, "point count must be positive, got %s", count);
    if (points.size() <= count) {
      return this;
    }
    ImmutableList.Builder<Point> means = ImmutableList.builderWithExpectedSize(count);
    for (int group = 0; group < count; group++) {
      int from = (int) ((long) group * points.size() / count);
      int to = (int) ((group + 1L) * points.size() / count);
      means.add(mean(points.subList(from, to)));
    }
    return new Series(name, tone, mark, means.build());
  }

  private static Point mean(ImmutableList<Point> group) {
    double x = group.stream().mapToDouble(Point::x).sum() / group.size();
    double y = group.stream().mapToDouble(Point::y).sum() / group.size();
    return new Point(x, y);
  }
}

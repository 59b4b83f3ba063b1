package dev.coppice.train.report;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.chart.Point;
import java.util.ArrayList;
import java.util.List;

/**
 * A curve of any length in bounded memory: consecutive values share a column, of which the least,
 * the greatest and the mean are kept. When columns run out, neighbours are joined.
 */
final class ThinCurve {
  /** Beyond this a number is taken as not finite, so that no chart breaks. */
  static final double MOST = 1e30;

  private final int capacity;
  private List<Column> columns = new ArrayList<>();
  private long width = 1;

  /**
   * An empty curve.
   *
   * @param capacity most columns; even and positive
   */
  ThinCurve(int capacity) {
    checkArgument(
        capacity > 0 && capacity % 2 == 0, "capacity must be even and positive, got %s", capacity);
    this.capacity = capacity;
  }

  /** Takes a value; one that is not finite is left out. */
  void add(Place place, double value) {
    if (!(Math.abs(value) <= MOST)) {
      return;
    }
    Column last = columns.isEmpty() ? null : columns.get(columns.size() - 1);
    if (last != null && last.count < width) {
      last.add(place, value);
      return;
    }
    if (columns.size() == capacity) {
      join();
      add(place, value);
      return;
    }
    columns.add(new Column(place, value));
  }

  private void join() {
    List<Column> joined = new ArrayList<>();
    for (int i = 0; i < capacity; i += 2) {
      joined.add(columns.get(i).with(columns.get(i + 1)));
    }
    columns = joined;
    width *= 2;
  }

  /** Whether there is a value other than 0. */
  boolean hasNews() {
    return columns.stream().anyMatch(column -> column.least != 0 || column.most != 0);
  }

  /** The least and the greatest value of each column, in the order in which they came. */
  ImmutableList<Point> extremes(Travel travel) {
    ImmutableList.Builder<Point> points = ImmutableList.builder();
    for (Column column : columns) {
      boolean rising = column.leastAt.step() <= column.mostAt.step();
      points.add(rising ? column.leastPoint(travel) : column.mostPoint(travel));
      if (column.count > 1) {
        points.add(rising ? column.mostPoint(travel) : column.leastPoint(travel));
      }
    }
    return points.build();
  }

  /** Means over so many stretches of about equal length; all values where they are few. */
  ImmutableList<Point> means(Travel travel, int few, int most) {
    long values = columns.stream().mapToLong(column -> column.count).sum();
    int wanted =
        values <= few ? few : (int) Math.min(most, Math.max(Math.max(1, few / 2), values / 8));
    int groups = Math.min(wanted, columns.size());
    ImmutableList.Builder<Point> points = ImmutableList.builder();
    for (int group = 0; group < groups; group++) {
      int from = (int) ((long) group * columns.size() / groups);
      int to = (int) ((group + 1L) * columns.size() / groups);
      points.add(mean(columns.subList(from, to), travel));
    }
    return points.build();
  }

  private static Point mean(List<Column> columns, Travel travel) {
    double count = columns.stream().mapToLong(column -> column.count).sum();
    double sum = columns.stream().mapToDouble(column -> column.sum).sum();
    double first = travel.of(columns.get(0).firstAt);
    double last = travel.of(columns.get(columns.size() - 1).lastAt);
    return new Point(first / 2 + last / 2, sum / count);
  }

  /** Consecutive values. */
  private static final class Column {
    private final Place firstAt;
    private Place lastAt;
    private Place leastAt;
    private Place mostAt;
    private double least;
    private double most;
    private double sum;
    private long count;

    Column(Place place, double value) {
      firstAt = place;
      lastAt = place;
      leastAt = place;
      mostAt = place;
      least = value;
      most = value;
      sum = value;
      count = 1;
    }

    void add(Place place, double value) {
      lastAt = place;
      if (value < least) {
        least = value;
        leastAt = place;
      }
      if (value > most) {
        most = value;
        mostAt = place;
      }
      sum += value;
      count++;
    }

    Column with(Column next) {
      lastAt = next.lastAt;
      leastAt = next.least < least ? next.leastAt : leastAt;
      least = Math.min(least, next.least);
      mostAt = next.most > most ? next.mostAt : mostAt;
      most = Math.max(most, next.most);
      sum += next.sum;
      count += next.count;
      return this;
    }

    Point leastPoint(Travel travel) {
      return new Point(travel.of(leastAt), least);
    }

    Point mostPoint(Travel travel) {
      return new Point(travel.of(mostAt), most);
    }
  }
}

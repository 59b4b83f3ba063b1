package dev.coppice.moe.chart;

import com.google.common.collect.ImmutableList;
import java.util.List;

/**
 * Names of lines above a plot, in as many rows as they need.
 *
 * @param entries names with their places
 * @param height of the margin that holds the rows
 */
record Legend(ImmutableList<Entry> entries, int height) {
  private static final int LETTER = 7;
  private static final int TOP = 44;
  private static final int ROW = 18;

  /** The legend of lines; pale ones have no place in it. */
  static Legend of(List<Series> series, Frame frame) {
    ImmutableList.Builder<Entry> entries = ImmutableList.builder();
    double x = frame.left();
    int row = 0;
    for (Series line : series) {
      if (line.mark() == Series.Mark.FAINT) {
        continue;
      }
      double width = 28 + 24 + LETTER * (double) line.name().length();
      if (x > frame.left() && x + width - 24 > frame.width()) {
        x = frame.left();
        row++;
      }
      entries.add(new Entry(line, x, 18 + ROW * row));
      x += width;
    }
    return new Legend(entries.build(), TOP + ROW * row);
  }

  /**
   * A name and its place.
   *
   * @param series that it names
   * @param x of its line
   * @param y of its line
   */
  record Entry(Series series, double x, int y) {}
}

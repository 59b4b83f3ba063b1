package dev.coppice.growth.bytes;

import dev.coppice.growth.plan.Weave;
import dev.coppice.moe.number.FloatFormat;
import java.nio.ByteBuffer;

/**
 * Sums kept apart by row and by column modulo {@value #LANES}, in ascending order of columns, and
 * put together at the end, row after row.
 *
 * <p>They are taken of differences from element [0, 0], so that a large mean costs no digits.
 */
final class RowSums implements MeanAndDeviation.Sums {
  private static final int LANES = 8;

  private final long columns;
  private final double[] sums;
  private final double[] squares;
  private boolean begun;
  private double pivot;

  /**
   * Sums of a matrix.
   *
   * @param rows its rows
   * @param columns its columns
   */
  RowSums(long rows, long columns) {
    this.columns = columns;
    this.sums = new double[Math.toIntExact(rows * LANES)];
    this.squares = new double[sums.length];
  }

  @Override
  public void add(FloatFormat format, ByteBuffer bytes, Weave.Piece piece) {
    if (!begun) {
      pivot = format.get(bytes, piece.offset());
      begun = true;
    }
    long column = piece.index() % columns;
    int row = (int) (piece.index() / columns);
    boolean alongRow = piece.indexStep() == 1;
    for (int i = 0; i < piece.count(); i++) {
      double difference = format.get(bytes, piece.offset() + i * piece.step()) - pivot;
      int lane = row * LANES + (int) (column & (LANES - 1));
      sums[lane] += difference;
      squares[lane] += difference * difference;
      if (!alongRow) {
        row++;
      } else if (++column == columns) {
        column = 0;
        row++;
      }
    }
  }

  @Override
  public double squaredDifferences(long count) {
    double sum = total(sums);
    return total(squares) - sum / count * sum;
  }

  @Override
  public double squares(long count) {
    return total(squares) + 2 * pivot * total(sums) + count * pivot * pivot;
  }

  /** Lanes of a row first, then rows, each in order. */
  private static double total(double[] lanes) {
    double total = 0;
    for (int row = 0; row < lanes.length; row += LANES) {
      double sum = 0;
      for (int lane = 0; lane < LANES; lane++) {
        sum += lanes[row + lane];
      }
      total += sum;
    }
    return total;
  }
}

package dev.coppice.growth;

import java.nio.ByteBuffer;

/**
 * Standard deviation and root mean square of one matrix, in double precision.
 *
 * <p>Sums are taken of differences from element [0, 0], so that a large mean costs no digits. They
 * are kept apart by row and by column modulo {@value #LANES}, in ascending order of columns, and
 * put together at the end, row after row: the same matrix gives the same bits however it is woven
 * into a run, and wherever the run is cut.
 */
final class Moments {
  private static final int LANES = 8;

  private final long columns;
  private final double[] sums;
  private final double[] squares;
  private long count;
  private double pivot;

  /** Moments of elements of which only the order is known: one endless row. */
  Moments() {
    this(1, Long.MAX_VALUE);
  }

  /**
   * Moments of a matrix.
   *
   * @param rows its rows
   * @param columns its columns
   */
  Moments(long rows, long columns) {
    this.columns = columns;
    this.sums = new double[Math.toIntExact(rows * LANES)];
    this.squares = new double[sums.length];
  }

  /**
   * Takes in the elements that follow in an endless row.
   *
   * @param format their format
   * @param bytes the elements, from index 0 to the limit; little-endian
   */
  void add(FloatFormat format, ByteBuffer bytes) {
    int elements = bytes.limit() / format.bytes();
    add(format, bytes, new Weave.Piece(0, 0, 1, elements, count, 1));
  }

  /**
   * Takes in elements of the matrix; element [0, 0] must come first, and the elements of each row
   * by ascending column.
   *
   * @param format their format
   * @param bytes a stretch of elements, from index 0; little-endian
   * @param piece which of them, and where in the matrix they belong
   */
  void add(FloatFormat format, ByteBuffer bytes, Weave.Piece piece) {
    if (count == 0 && piece.count() > 0) {
      pivot = format.get(bytes, piece.offset());
    }
    for (int i = 0; i < piece.count(); i++) {
      long index = piece.index() + i * piece.indexStep();
      int lane = (int) (index / columns * LANES + (index % columns & (LANES - 1)));
      double difference = format.get(bytes, piece.offset() + i * piece.step()) - pivot;
      sums[lane] += difference;
      squares[lane] += difference * difference;
    }
    count += piece.count();
  }

  /** Elements taken in. */
  long count() {
    return count;
  }

  /** Unbiased standard deviation (n−1); zero for fewer than two elements. */
  double std() {
    if (count < 2) {
      return 0;
    }
    double sum = total(sums);
    double variance = (total(squares) - sum / count * sum) / (count - 1);
    return variance < 0 ? 0 : StrictMath.sqrt(variance);
  }

  /** Frobenius norm over the square root of the element count; zero for no element. */
  double rootMeanSquare() {
    if (count == 0) {
      return 0;
    }
    double mean = (total(squares) + 2 * pivot * total(sums)) / count + pivot * pivot;
    return mean < 0 ? 0 : StrictMath.sqrt(mean);
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

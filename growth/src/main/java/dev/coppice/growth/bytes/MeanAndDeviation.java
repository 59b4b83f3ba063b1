package dev.coppice.growth.bytes;

import dev.coppice.growth.plan.Weave;
import dev.coppice.moe.number.FloatFormat;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Standard deviation and root mean square of one matrix, in double precision.
 *
 * <p>The same matrix gives the same bits however it is woven into a run, and wherever the run is
 * cut: elements of 16 bits are counted by value ({@link ValueCounts}), wider ones summed by row and
 * column ({@link RowSums}).
 */
public final class MeanAndDeviation {
  /** Sums over elements, taken in whatever order comes. */
  interface Sums {
    /**
     * Takes in elements, see {@link MeanAndDeviation#add(FloatFormat, ByteBuffer, Weave.Piece)}.
     */
    void add(FloatFormat format, ByteBuffer bytes, Weave.Piece piece);

    /** Sum of squared differences from the mean. */
    double squaredDifferences(long count);

    /** Sum of squares. */
    double squares(long count);
  }

  private final long rows;
  private final long columns;
  private Optional<Sums> sums = Optional.empty();
  private long count;

  /** MeanAndDeviation of elements of which only the order is known: one endless row. */
  public MeanAndDeviation() {
    this(1, Long.MAX_VALUE);
  }

  /**
   * MeanAndDeviation of a matrix.
   *
   * @param rows its rows
   * @param columns its columns
   */
  public MeanAndDeviation(long rows, long columns) {
    this.rows = rows;
    this.columns = columns;
  }

  /**
   * Takes in the elements that follow in an endless row.
   *
   * @param format their format
   * @param bytes the elements, from index 0 to the limit; little-endian
   */
  public void add(FloatFormat format, ByteBuffer bytes) {
    int elements = bytes.limit() / format.bytes();
    add(format, bytes, new Weave.Piece(0, 0, 1, elements, count, 1));
  }

  /**
   * Takes in elements of the matrix; element [0, 0] must come first, and the elements of each row
   * by ascending column.
   *
   * @param format their format, the same each time
   * @param bytes a stretch of elements, from index 0; little-endian
   * @param piece which of them, and where in the matrix they belong
   */
  public void add(FloatFormat format, ByteBuffer bytes, Weave.Piece piece) {
    if (piece.count() == 0) {
      return;
    }
    if (sums.isEmpty()) {
      sums =
          Optional.of(format.bytes() == 2 ? new ValueCounts(format) : new RowSums(rows, columns));
    }
    sums.get().add(format, bytes, piece);
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
    double variance = sums.orElseThrow().squaredDifferences(count) / (count - 1);
    return variance < 0 ? 0 : StrictMath.sqrt(variance);
  }

  /** Frobenius norm over the square root of the element count; zero for no element. */
  public double rootMeanSquare() {
    if (count == 0) {
      return 0;
    }
    double mean = sums.orElseThrow().squares(count) / count;
    return mean < 0 ? 0 : StrictMath.sqrt(mean);
  }
}

package dev.coppice.growth.plan;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.function.Consumer;

/**
 * How the matrices of one expert, each [rows, columns] = [out, in], lie in a run of elements.
 *
 * <p>Numbers of noise and partial sums of σ belong to a matrix's rows and columns, never to places
 * in a file: the same matrix gives the same bits in every weave.
 *
 * @param rows rows of one matrix
 * @param columns columns of one matrix
 * @param strands matrices woven into the run
 * @param order how they are woven
 */
public record Weave(long rows, long columns, int strands, Order order) {
  /** Ways to weave. */
  public enum Order {
    /** {@code [strands·rows, columns]}: one matrix after the other, row by row. */
    PLAIN,
    /** {@code [columns, strands·rows]}: in each line the first matrix's rows, then the next's. */
    TRANSPOSED,
    /** {@code [columns, rows·strands]}: in each line the matrices take turns. */
    TRANSPOSED_ALTERNATING
  }

  /** Checks that there is an element. */
  public Weave {
    checkArgument(
        rows > 0 && columns > 0 && strands > 0,
        "weave must have rows, columns and strands, got %s, %s and %s",
        rows,
        columns,
        strands);
  }

  /**
   * One matrix, row by row.
   *
   * @param rows its rows
   * @param columns its columns
   */
  public static Weave plain(long rows, long columns) {
    return new Weave(rows, columns, 1, Order.PLAIN);
  }

  /** Elements of the whole run. */
  public long elements() {
    return rows * columns * strands;
  }

  /**
   * Which matrix an element belongs to.
   *
   * @param position the element's place in the run
   */
  public int strand(long position) {
    return (int)
        switch (order) {
          case PLAIN -> position / (rows * columns);
          case TRANSPOSED -> position % (rows * strands) / rows;
          case TRANSPOSED_ALTERNATING -> position % strands;
        };
  }

  /**
   * Place of an element in its matrix: row · columns + column.
   *
   * @param position the element's place in the run
   */
  public long index(long position) {
    long line = position / (rows * strands);
    return switch (order) {
      case PLAIN -> position % (rows * columns);
      case TRANSPOSED -> position % rows * columns + line;
      case TRANSPOSED_ALTERNATING -> position % (rows * strands) / strands * columns + line;
    };
  }

  /**
   * Elements of one matrix that lie at even distances, in the run and in the matrix.
   *
   * @param strand which matrix
   * @param offset place of the first one, counted from the start of the stretch
   * @param step distance in the run
   * @param count how many
   * @param index row · columns + column of the first one
   * @param indexStep distance in the matrix: 1 along a row, {@code columns} along a column
   */
  public record Piece(int strand, int offset, int step, int count, long index, long indexStep) {
    /** Elements {@code from} to {@code to − 1} of the piece. */
    public Piece part(int from, int to) {
      return new Piece(
          strand, offset + from * step, step, to - from, index + from * indexStep, indexStep);
    }
  }

  /**
   * Cuts a stretch of the run into pieces, in an order that visits every matrix's elements of one
   * row by ascending column.
   *
   * @param first first element of the stretch
   * @param count elements of the stretch; {@code first + count} is at most {@link #elements()}
   * @param each receives the pieces
   */
  public void pieces(long first, int count, Consumer<Piece> each) {
    checkArgument(
        first >= 0 && first + count <= elements(),
        "stretch must lie within the %s elements of a weave, got %s at %s",
        elements(),
        count,
        first);
    boolean alternating = order == Order.TRANSPOSED_ALTERNATING;
    long stop = order == Order.PLAIN ? rows * columns : alternating ? rows * strands : rows;
    for (int done = 0; done < count; ) {
      int part = (int) Math.min(count - done, stop - (first + done) % stop);
      if (alternating) {
        alternate(first, done, part, each);
      } else {
        each.accept(piece(first, done, 1, part));
      }
      done += part;
    }
  }

  private void alternate(long first, int offset, int part, Consumer<Piece> each) {
    for (int i = 0; i < Math.min(strands, part); i++) {
      each.accept(piece(first, offset + i, strands, (part - i + strands - 1) / strands));
    }
  }

  private Piece piece(long first, int offset, int step, int count) {
    long position = first + offset;
    long indexStep = order == Order.PLAIN ? 1 : columns;
    return new Piece(strand(position), offset, step, count, index(position), indexStep);
  }
}

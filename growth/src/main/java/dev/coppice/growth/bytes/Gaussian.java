package dev.coppice.growth.bytes;

import dev.coppice.moe.number.NormalQuantile;

/**
 * Turns 16 random bits into one standard normal number, by a table.
 *
 * <p>The distribution is cut into {@value #CELLS} cells of equal probability. Bits name a cell: the
 * lowest bit is the sign, the others count from the outermost cell inwards. A number is the
 * quantile in the middle of its cell, times a factor next to 1 that makes the variance exactly 1;
 * only the two outermost cells, beyond ±4.17, are drawn once more, from 32 bits, by the quantile
 * function itself, so that the tails reach as far as they should. Everything is computed with
 * {@link StrictMath}, so that every machine gets the same bits.
 */
final class Gaussian {
  /** How many cells there are. */
  static final int CELLS = 1 << 16;

  private static final float[] TABLE = table();

  private Gaussian() {}

  /**
   * The numbers of all cells; those of cells 0 and 1 stand for the tails. Not to be changed.
   *
   * @return the table itself, since it is read a billion times
   */
  static float[] cells() {
    return TABLE;
  }

  /** Whether a cell is one of the two that are drawn once more. */
  static boolean isTail(int cell) {
    return (cell & (CELLS - 2)) == 0;
  }

  /**
   * A number beyond ±4.17.
   *
   * @param cell 0 or 1, which is its sign
   * @param bits uniformly random
   */
  static float tail(int cell, int bits) {
    double size = -NormalQuantile.of((Integer.toUnsignedLong(bits) + 0.5) * 0x1p-48);
    return (float) (cell == 0 ? -size : size);
  }

  private static float[] table() {
    double[] sizes = new double[CELLS / 2];
    double squares = 0;
    for (int i = 1; i < sizes.length; i++) {
      sizes[i] = -NormalQuantile.of((i + 0.5) / CELLS);
      squares += 2 * sizes[i] * sizes[i] / CELLS;
    }
    double factor = StrictMath.sqrt((1 - tailSquares()) / squares);
    float[] table = new float[CELLS];
    for (int i = 1; i < sizes.length; i++) {
      table[2 * i] = (float) (-factor * sizes[i]);
      table[2 * i + 1] = (float) (factor * sizes[i]);
    }
    return table;
  }

  /** What both tails add to the variance: 2·(t·φ(t) + 1 − Φ(t)), where they begin at t. */
  private static double tailSquares() {
    double begin = -NormalQuantile.of(1.0 / CELLS);
    double density = StrictMath.exp(-begin * begin / 2) / StrictMath.sqrt(2 * StrictMath.PI);
    return 2 * (begin * density + 1.0 / CELLS);
  }
}

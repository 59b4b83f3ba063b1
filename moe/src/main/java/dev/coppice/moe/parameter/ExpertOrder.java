package dev.coppice.moe.parameter;

import dev.coppice.moe.anatomy.Form;
import java.nio.FloatBuffer;

/**
 * How one expert's numbers lie in a file, against the parameter's rows and columns.
 *
 * @param rows rows of one expert in the parameter
 * @param columns columns there
 * @param transposed whether columns come first in the file
 * @param alternating whether the file's rows alternate between the parameter's two halves: gate,
 *     up, gate, up
 */
record ExpertOrder(int rows, int columns, boolean transposed, boolean alternating) {
  /** Elements of a square that is turned at once. */
  private static final int TILE = 32;

  /** The order of tensors whose elements are one run of the parameter's. */
  static final ExpertOrder SAME = new ExpertOrder(1, 1, false, false);

  /** The order of matrices in that form. */
  static ExpertOrder of(Form form, long rows, long columns) {
    boolean transposed =
        switch (form) {
          case COLUMNS_GATE_UP, COLUMNS_ALTERNATING, EXPERT_MODEL -> true;
          default -> false;
        };
    boolean alternating = form == Form.COLUMNS_ALTERNATING;
    return transposed || alternating
        ? new ExpertOrder(Math.toIntExact(rows), Math.toIntExact(columns), transposed, alternating)
        : SAME;
  }

  /** The order of biases that go with matrices in that form. */
  static ExpertOrder ofBias(Form matrices, long rows) {
    return matrices == Form.COLUMNS_ALTERNATING
        ? new ExpertOrder(Math.toIntExact(rows), 1, false, true)
        : SAME;
  }

  boolean isSame() {
    return !transposed && !alternating;
  }

  /** Elements of one expert. */
  int elements() {
    return Math.multiplyExact(rows, columns);
  }

  /** From a file's order to the parameter's. */
  void load(FloatBuffer file, FloatBuffer memory) {
    move(file, memory, true);
  }

  /** From the parameter's order to a file's. */
  void save(FloatBuffer memory, FloatBuffer file) {
    move(file, memory, false);
  }

  private void move(FloatBuffer file, FloatBuffer memory, boolean load) {
    for (int firstRow = 0; firstRow < rows; firstRow += TILE) {
      for (int firstColumn = 0; firstColumn < columns; firstColumn += TILE) {
        for (int row = firstRow; row < Math.min(rows, firstRow + TILE); row++) {
          for (int column = firstColumn; column < Math.min(columns, firstColumn + TILE); column++) {
            int there = inFile(row, column);
            int here = row * columns + column;
            if (load) {
              memory.put(here, file.get(there));
            } else {
              file.put(there, memory.get(here));
            }
          }
        }
      }
    }
  }

  private int inFile(int row, int column) {
    int half = rows / 2;
    int moved = !alternating ? row : row < half ? 2 * row : 2 * (row - half) + 1;
    return transposed ? column * rows + moved : moved * columns + column;
  }
}

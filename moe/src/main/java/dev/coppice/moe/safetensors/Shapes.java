package dev.coppice.moe.safetensors;

import java.util.List;

/** Arithmetic of shapes. */
final class Shapes {
  private Shapes() {}

  /** Product of the extents, in their order; throws {@link ArithmeticException} beyond a long. */
  static long elementCount(List<Long> shape) {
    long count = 1;
    for (long extent : shape) {
      count = Math.multiplyExact(count, extent);
    }
    return count;
  }
}

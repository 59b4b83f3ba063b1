package dev.coppice.moe.safetensors;

import com.google.common.collect.ImmutableList;
import java.util.OptionalLong;

/**
 * A tensor as a header names it.
 *
 * @param name key in the header
 * @param dtype element type
 * @param shape extents, outermost first; empty for a scalar
 * @param begin first byte, counted from the start of the data
 * @param end byte after the last, counted likewise
 */
public record TensorInfo(
    String name, Dtype dtype, ImmutableList<Long> shape, long begin, long end) {

  /** Number of elements. */
  public long elementCount() {
    return Shapes.elementCount(shape);
  }

  /** Size in bytes. */
  public long byteSize() {
    return end - begin;
  }

  /** Bytes that type and shape need; empty if that is no whole number, or none that fits a long. */
  OptionalLong neededBytes() {
    try {
      return OptionalLong.of(dtype.byteSize(elementCount()));
    } catch (ArithmeticException | IllegalArgumentException e) {
      return OptionalLong.empty();
    }
  }
}

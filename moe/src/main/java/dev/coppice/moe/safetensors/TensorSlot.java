package dev.coppice.moe.safetensors;

import com.google.common.collect.ImmutableList;

/**
 * A tensor that a file is to hold.
 *
 * @param name key in the header
 * @param dtype element type
 * @param shape extents, outermost first; empty for a scalar
 */
public record TensorSlot(String name, Dtype dtype, ImmutableList<Long> shape) {

  /** Number of elements. */
  public long elementCount() {
    return Shapes.elementCount(shape);
  }

  /** Size in bytes. */
  public long byteSize() {
    return dtype.byteSize(elementCount());
  }
}

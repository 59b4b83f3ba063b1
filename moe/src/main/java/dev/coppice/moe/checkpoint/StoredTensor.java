package dev.coppice.moe.checkpoint;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;
import java.nio.file.Path;

/**
 * A tensor of a checkpoint and where its bytes lie.
 *
 * @param name key in the shard's header
 * @param dtype element type
 * @param shape extents, outermost first
 * @param file the shard
 * @param fileOffset position in the shard of the first byte
 * @param byteSize size in bytes
 */
public record StoredTensor(
    String name,
    Dtype dtype,
    ImmutableList<Long> shape,
    Path file,
    long fileOffset,
    long byteSize) {

  /** Number of elements. */
  public long elementCount() {
    return slot().elementCount();
  }

  /** The same tensor as something to be written. */
  public TensorSlot slot() {
    return new TensorSlot(name, dtype, shape);
  }
}

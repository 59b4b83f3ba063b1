package dev.coppice.moe.checkpoint;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.safetensors.TensorSlot;

/**
 * One weight file to be written.
 *
 * @param fileName its name in the folder
 * @param slots the tensors that it will hold
 */
public record Shard(String fileName, ImmutableList<TensorSlot> slots) {

  /** Size of its tensors, bytes. */
  public long byteSize() {
    return slots.stream().mapToLong(TensorSlot::byteSize).sum();
  }
}

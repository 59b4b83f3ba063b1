package dev.coppice.moe.testing;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.parameter.ParameterLayout;
import dev.coppice.moe.parameter.Parameters;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * The bytes of a model's arrays at one time.
 *
 * @param arrays those that exist, in order
 */
public record Memories(List<ByteBuffer> arrays) {
  public static Memories of(Parameters parameters) {
    return new Memories(
        live(parameters).stream()
            .map(memory -> ByteBuffer.allocate(memory.remaining()).put(memory).flip())
            .toList());
  }

  /** The arrays' own memory, valid while they are open. */
  public static List<ByteBuffer> live(Parameters parameters) {
    ImmutableList.Builder<ByteBuffer> memories = ImmutableList.builder();
    List<ParameterLayout.Slot> slots = parameters.layout().slots();
    for (int i = 0; i < slots.size(); i++) {
      if (slots.get(i).exists()) {
        memories.add(map(parameters, i, 0, slots.get(i).elements()));
      }
    }
    return memories.build();
  }

  /** The memory of some elements of one array, valid while it is open. */
  public static ByteBuffer map(Parameters parameters, int slot, long offset, long count) {
    try (NDArray flat = parameters.array(slot).reshape(-1);
        NDArray part = flat.get(new NDIndex().addSliceDim(offset, offset + count))) {
      return part.toByteBuffer(true).order(ByteOrder.LITTLE_ENDIAN);
    }
  }

  /** Puts the bytes back. */
  public void restore(Parameters parameters) {
    List<ByteBuffer> memories = live(parameters);
    for (int i = 0; i < memories.size(); i++) {
      memories.get(i).put(arrays.get(i).duplicate());
    }
  }
}

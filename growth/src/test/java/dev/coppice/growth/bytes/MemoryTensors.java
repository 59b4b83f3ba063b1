package dev.coppice.growth.bytes;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.number.FloatFormat;
import dev.coppice.moe.safetensors.Dtype;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Float tensors in memory, each with a dtype of its own. */
final class MemoryTensors implements TensorBytes {
  private final Map<String, StoredTensor> tensors = new HashMap<>();
  private final Map<String, ByteBuffer> bytes = new HashMap<>();

  /** Puts a tensor, its values rounded to the dtype. */
  void put(String name, Dtype dtype, float... values) {
    FloatFormat format = FloatFormat.of(dtype, name);
    ByteBuffer buffer =
        ByteBuffer.allocate(values.length * format.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < values.length; i++) {
      format.put(buffer, i, values[i]);
    }
    bytes.put(name, buffer);
    ImmutableList<Long> shape = ImmutableList.of((long) values.length);
    tensors.put(
        name, new StoredTensor(name, dtype, shape, Path.of("memory"), 0, buffer.capacity()));
  }

  /** An element as it was rounded. */
  float get(String name, int index) {
    return FloatFormat.of(tensor(name).dtype(), name).get(bytes.get(name), index);
  }

  @Override
  public StoredTensor tensor(String name) {
    return tensors.get(name);
  }

  @Override
  public void read(StoredTensor tensor, long offset, ByteBuffer into) {
    into.put(
        bytes
            .get(tensor.name())
            .duplicate()
            .position((int) offset)
            .limit((int) offset + into.remaining()));
  }

  @Override
  public FileChannel channel(StoredTensor tensor) {
    throw new IllegalStateException("memory must not be asked for a file");
  }
}

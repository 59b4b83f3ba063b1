package dev.coppice.growth.bytes;

import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.StoredTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * The weights of a checkpoint; its opener closes it.
 *
 * @param checkpoint which
 */
public record CheckpointBytes(Checkpoint checkpoint) implements TensorBytes {
  @Override
  public StoredTensor tensor(String name) {
    return checkpoint.tensor(name);
  }

  @Override
  public void read(StoredTensor tensor, long offset, ByteBuffer into) throws IOException {
    checkpoint.read(tensor, offset, into);
  }

  @Override
  public FileChannel channel(StoredTensor tensor) {
    return checkpoint.channel(tensor);
  }
}

package dev.coppice.growth.bytes;

import dev.coppice.moe.checkpoint.StoredTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Tensors by name and their bytes by position; any number of threads may read at once. */
public interface TensorBytes {
  /**
   * The tensor of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  StoredTensor tensor(String name);

  /**
   * Fills a buffer from a tensor's bytes.
   *
   * @param tensor one of these
   * @param offset first byte, counted from the start of the tensor
   * @param into filled from its position to its limit
   */
  void read(StoredTensor tensor, long offset, ByteBuffer into) throws IOException;

  /** The open file that holds a tensor, for positional reads only. */
  FileChannel channel(StoredTensor tensor);
}

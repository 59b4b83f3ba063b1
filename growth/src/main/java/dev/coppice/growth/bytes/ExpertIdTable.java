package dev.coppice.growth.bytes;

import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.growth.plan.TensorRecipe.ExpertIds;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.safetensors.Dtype;
import java.nio.ByteBuffer;

/** The arithmetic of {@link ExpertIds}: which element of the old table makes which of the new. */
final class ExpertIdTable {
  private final ExpertIds ids;
  private final PlannedTensor tensor;
  private final int bytes;

  /**
   * A table of one tensor.
   *
   * @param ids how it is widened
   * @param tensor what it becomes
   * @throws CoppiceException INPUT_INVALID if it is neither I32 nor I64
   */
  ExpertIdTable(ExpertIds ids, PlannedTensor tensor) {
    Dtype dtype = tensor.slot().dtype();
    if (dtype != Dtype.I32 && dtype != Dtype.I64) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          String.format(
              "expert indices must be of dtype I32 or I64, got %s (%s)", dtype, tensor.name()));
    }
    this.ids = ids;
    this.tensor = tensor;
    this.bytes = dtype.bits() / 8;
  }

  /** Index of the old element that makes a new one. */
  long source(long position) {
    long width = (long) ids.columns() * ids.factor();
    return position / width * ids.columns() + position % width % ids.columns();
  }

  /** First element of the old row that a new element's row is made from. */
  long rowStart(long position) {
    long width = (long) ids.columns() * ids.factor();
    return position / width * ids.columns();
  }

  /**
   * Fills a buffer.
   *
   * @param first first element of the new table
   * @param old old elements from {@code oldFirst} on; little-endian
   * @param oldFirst index of the first of them
   * @param into filled from its position to its limit
   * @throws CoppiceException INPUT_INVALID if an index is that of no expert
   */
  void fill(long first, ByteBuffer old, long oldFirst, ByteBuffer into) {
    long width = (long) ids.columns() * ids.factor();
    for (long position = first; into.hasRemaining(); position++) {
      int at = (int) (source(position) - oldFirst) * bytes;
      long id = bytes == Long.BYTES ? old.getLong(at) : old.getInt(at);
      long copied = copy(id, position % width / ids.columns());
      if (bytes == Long.BYTES) {
        into.putLong(copied);
      } else {
        into.putInt((int) copied);
      }
    }
  }

  private long copy(long id, long copy) {
    if (id < 0 || id >= ids.experts()) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          String.format(
              "expert index must lie in 0..%s, got %s (for %s)",
              ids.experts() - 1, id, tensor.name()));
    }
    return ids.interleaved() ? id * ids.factor() + copy : id + copy * ids.experts();
  }
}

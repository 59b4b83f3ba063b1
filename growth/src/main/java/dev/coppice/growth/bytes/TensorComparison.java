package dev.coppice.growth.bytes;

import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.safetensors.TensorSlot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongConsumer;

/** Compares tensors of a grown checkpoint with what their recipes yield; one a thread. */
public final class TensorComparison {
  private final RecipeReader reader;
  private final LongConsumer progress;
  private final ByteBuffer planned = buffer();
  private final ByteBuffer found = buffer();

  /**
   * A comparison.
   *
   * @param reader computes what should be there
   * @param progress receives the bytes of each piece
   */
  public TensorComparison(RecipeReader reader, LongConsumer progress) {
    this.reader = reader;
    this.progress = progress;
  }

  /**
   * How a tensor deviates, if it does.
   *
   * @param tensor what should be there
   * @param grown what is there
   */
  public Optional<String> deviation(PlannedTensor tensor, TensorBytes grown) throws IOException {
    StoredTensor stored = grown.tensor(tensor.name());
    TensorSlot slot = tensor.slot();
    if (stored.dtype() != slot.dtype() || !stored.shape().equals(slot.shape())) {
      return Optional.of(
          String.format(
              Locale.ROOT,
              "tensor %s must be %s %s, got %s %s (%s)",
              tensor.name(),
              slot.dtype(),
              slot.shape(),
              stored.dtype(),
              stored.shape(),
              stored.file().getFileName()));
    }
    return firstDifference(tensor, grown, stored)
        .map(
            offset ->
                String.format(
                    Locale.ROOT,
                    "tensor %s must have its planned bytes, got another from byte %d of it on (%s,"
                        + " file offset %d)",
                    tensor.name(),
                    offset,
                    stored.file().getFileName(),
                    stored.fileOffset() + offset));
  }

  private Optional<Long> firstDifference(
      PlannedTensor tensor, TensorBytes grown, StoredTensor stored) throws IOException {
    for (long offset = 0; offset < stored.byteSize(); offset += RecipeReader.CHUNK) {
      int size = (int) Math.min(RecipeReader.CHUNK, stored.byteSize() - offset);
      planned.clear().limit(size);
      found.clear().limit(size);
      reader.read(tensor, tensor.recipe(), offset * 8 / stored.dtype().bits(), planned);
      grown.read(stored, offset, found);
      int difference = planned.flip().mismatch(found.flip());
      if (difference >= 0) {
        return Optional.of(offset + difference);
      }
      progress.accept(size);
    }
    return Optional.empty();
  }

  private static ByteBuffer buffer() {
    return ByteBuffer.allocateDirect(RecipeReader.CHUNK).order(ByteOrder.LITTLE_ENDIAN);
  }
}

package dev.coppice.growth;

import dev.coppice.growth.TensorRecipe.Concat;
import dev.coppice.growth.TensorRecipe.Copy;
import dev.coppice.growth.TensorRecipe.Part;
import dev.coppice.growth.TensorRecipe.Slice;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.LongConsumer;

/**
 * Writes planned tensors, one after another: copies inside the kernel, all else chunk by chunk.
 *
 * <p>Holds two buffers. Not thread-safe: each thread has its own.
 */
final class TensorWriter {
  /** Most bytes that the kernel is asked to copy at once, so that progress is seen. */
  private static final long COPY = 64L << 20;

  private final TensorBytes source;
  private final RecipeReader reader;
  private final LongConsumer progress;
  private final ByteBuffer chunk =
      ByteBuffer.allocateDirect(RecipeReader.CHUNK).order(ByteOrder.LITTLE_ENDIAN);

  /**
   * A writer.
   *
   * @param source what recipes copy from
   * @param reader computes what is not copied
   * @param progress hears the bytes of each piece
   */
  TensorWriter(TensorBytes source, RecipeReader reader, LongConsumer progress) {
    this.source = source;
    this.reader = reader;
    this.progress = progress;
  }

  /** Writes one tensor whole. */
  void write(PlannedTensor tensor, SafetensorsWriter file) throws IOException {
    write(new Run(tensor, tensor.recipe(), 0, tensor.slot().elementCount()), 0, file);
  }

  /** Elements {@code first} to {@code first + count} of a recipe. */
  private record Run(PlannedTensor tensor, TensorRecipe recipe, long first, long count) {
    Dtype dtype() {
      return tensor.slot().dtype();
    }

    Run of(TensorRecipe inner, long innerFirst, long innerCount) {
      return new Run(tensor, inner, innerFirst, innerCount);
    }
  }

  private void write(Run run, long offset, SafetensorsWriter file) throws IOException {
    if (run.recipe() instanceof Copy copy) {
      copy(run, source.tensor(copy.source()), offset, file);
    } else if (run.recipe() instanceof Slice slice) {
      write(run.of(slice.input(), slice.begin() + run.first(), run.count()), offset, file);
    } else if (run.recipe() instanceof Concat concat) {
      writeParts(run, concat, offset, file);
    } else {
      compute(run, offset, file);
    }
  }

  private void writeParts(Run run, Concat concat, long offset, SafetensorsWriter file)
      throws IOException {
    long begin = 0;
    for (Part part : concat.parts()) {
      long from = Math.max(run.first(), begin);
      long to = Math.min(run.first() + run.count(), begin + part.elements());
      if (from < to) {
        long at = offset + run.dtype().byteSize(from - run.first());
        write(run.of(part.recipe(), from - begin, to - from), at, file);
      }
      begin += part.elements();
    }
  }

  private void copy(Run run, StoredTensor from, long offset, SafetensorsWriter file)
      throws IOException {
    long position = from.fileOffset() + run.dtype().byteSize(run.first());
    long bytes = run.dtype().byteSize(run.count());
    for (long done = 0; done < bytes; done += COPY) {
      long piece = Math.min(COPY, bytes - done);
      file.transferFrom(
          run.tensor().name(), offset + done, source.channel(from), position + done, piece);
      progress.accept(piece);
    }
  }

  private void compute(Run run, long offset, SafetensorsWriter file) throws IOException {
    long bytes = run.dtype().byteSize(run.count());
    for (long done = 0; done < bytes; done += RecipeReader.CHUNK) {
      chunk.clear().limit((int) Math.min(RecipeReader.CHUNK, bytes - done));
      long first = run.first() + done * 8 / run.dtype().bits();
      reader.read(run.tensor(), run.recipe(), first, chunk);
      int size = chunk.flip().remaining();
      file.write(run.tensor().name(), offset + done, chunk);
      progress.accept(size);
    }
  }
}

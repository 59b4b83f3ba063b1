package dev.coppice.growth.bytes;

import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.growth.plan.RecipeVisitor;
import dev.coppice.growth.plan.SourceTensor;
import dev.coppice.growth.plan.TensorRecipe;
import dev.coppice.growth.plan.TensorRecipe.Concat;
import dev.coppice.growth.plan.TensorRecipe.Copy;
import dev.coppice.growth.plan.TensorRecipe.ExpertIds;
import dev.coppice.growth.plan.TensorRecipe.Noise;
import dev.coppice.growth.plan.TensorRecipe.Normal;
import dev.coppice.growth.plan.TensorRecipe.Part;
import dev.coppice.growth.plan.TensorRecipe.Scale;
import dev.coppice.growth.plan.TensorRecipe.Slice;
import dev.coppice.growth.plan.TensorRecipe.Sum;
import dev.coppice.growth.plan.TensorRecipe.Zero;
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
public final class TensorWriter {
  /** Most bytes in one copy by the kernel, so that progress is visible. */
  private static final long COPY = 64L << 20;

  private final TensorSources sources;
  private final RecipeReader reader;
  private final LongConsumer progress;
  private final RecipeVisitor<Way> ways = new Ways();
  private final ByteBuffer chunk =
      ByteBuffer.allocateDirect(RecipeReader.CHUNK).order(ByteOrder.LITTLE_ENDIAN);

  /**
   * A writer.
   *
   * @param sources what recipes copy from
   * @param reader computes what is not copied
   * @param progress receives the bytes of each piece
   */
  public TensorWriter(TensorSources sources, RecipeReader reader, LongConsumer progress) {
    this.sources = sources;
    this.reader = reader;
    this.progress = progress;
  }

  /** Writes one tensor whole. */
  public void write(PlannedTensor tensor, SafetensorsWriter file) throws IOException {
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
    run.recipe().accept(ways).write(run, offset, file);
  }

  /** How the elements of a recipe reach the file. */
  @FunctionalInterface
  private interface Way {
    void write(Run run, long offset, SafetensorsWriter file) throws IOException;
  }

  /** Runs of whole tensors are copied by the kernel; arithmetic goes through a buffer. */
  private final class Ways implements RecipeVisitor<Way> {
    @Override
    public Way copy(Copy copy) {
      return (run, offset, file) -> TensorWriter.this.copy(run, copy.tensor(), offset, file);
    }

    @Override
    public Way slice(Slice slice) {
      return (run, offset, file) ->
          write(run.of(slice.input(), slice.begin() + run.first(), run.count()), offset, file);
    }

    @Override
    public Way concat(Concat concat) {
      return (run, offset, file) -> writeParts(run, concat, offset, file);
    }

    @Override
    public Way noise(Noise noise) {
      return TensorWriter.this::compute;
    }

    @Override
    public Way normal(Normal normal) {
      return TensorWriter.this::compute;
    }

    @Override
    public Way scale(Scale scale) {
      return TensorWriter.this::compute;
    }

    @Override
    public Way sum(Sum sum) {
      return TensorWriter.this::compute;
    }

    @Override
    public Way expertIds(ExpertIds ids) {
      return TensorWriter.this::compute;
    }

    @Override
    public Way zero(Zero zero) {
      return TensorWriter.this::compute;
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

  private void copy(Run run, SourceTensor tensor, long offset, SafetensorsWriter file)
      throws IOException {
    TensorBytes source = sources.of(tensor.source());
    StoredTensor from = source.tensor(tensor.name());
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

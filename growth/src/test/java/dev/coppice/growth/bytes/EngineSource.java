package dev.coppice.growth.bytes;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.GrowthSource;
import dev.coppice.growth.TestFolder;
import dev.coppice.growth.plan.NoiseKey;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.growth.plan.TensorRecipe;
import dev.coppice.growth.plan.TensorRecipe.Copy;
import dev.coppice.growth.plan.TensorRecipe.Slice;
import dev.coppice.moe.anatomy.TensorSite;
import dev.coppice.moe.anatomy.TensorSite.Region;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.number.FloatFormat;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.OptionalInt;

/** A source of free bytes for recipes: the embedding of a tiny model, in whatever dtype is said. */
final class EngineSource implements Closeable {
  private static final String NAME = "model.embed_tokens.weight";
  private static final MoeSpec SPEC =
      new MoeSpec(
          "qwen3_moe",
          4096,
          16,
          GroupedAttention.plain(2, 1, 4, true, 10_000),
          new RouterSpec(true),
          ImmutableList.of(new LayerSpec.Moe(2, 1, 4)),
          1e-6,
          true,
          64);

  private final TestFolder folder = new TestFolder();
  private final Checkpoint source = folder.source(SPEC, Dtype.F32);
  private final Dtype dtype;
  private long used;

  EngineSource(Dtype dtype) throws IOException {
    this.dtype = dtype;
  }

  FloatFormat format() {
    return FloatFormat.of(dtype, NAME);
  }

  /** Puts elements behind those already there, and tells how to copy them. */
  TensorRecipe put(ByteBuffer elements) throws IOException {
    try (FileChannel file =
        FileChannel.open(source.tensor(NAME).file(), StandardOpenOption.WRITE)) {
      file.write(elements.duplicate().rewind(), source.tensor(NAME).fileOffset() + used);
    }
    long begin = used * 8 / dtype.bits();
    used += elements.limit();
    return new Slice(new Copy(NAME), begin, elements.limit() * 8L / dtype.bits());
  }

  /** Puts floats, rounded to the dtype. */
  TensorRecipe put(float... values) throws IOException {
    return put(bytes(values));
  }

  /** Floats, rounded to the dtype. */
  ByteBuffer bytes(float... values) {
    ByteBuffer bytes = buffer(values.length);
    for (int i = 0; i < values.length; i++) {
      format().put(bytes, i, values[i]);
    }
    return bytes;
  }

  ByteBuffer buffer(long elements) {
    return ByteBuffer.allocate((int) dtype.byteSize(elements)).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** A recipe's elements, computed at once by a new reader. */
  ByteBuffer read(TensorRecipe recipe, long elements) throws IOException {
    return read(recipe, elements, (int) elements);
  }

  /** A recipe's elements, computed by a new reader in pieces of so many elements. */
  ByteBuffer read(TensorRecipe recipe, long elements, int piece) throws IOException {
    PlannedTensor tensor = planned(recipe, elements);
    RecipeReader reader = new RecipeReader(GrowthSource.weights(source).tensors(), 5, new Sigmas());
    ByteBuffer all = buffer(elements);
    for (long first = 0; first < elements; first += piece) {
      int end = (int) dtype.byteSize(Math.min(elements, first + piece));
      reader.read(tensor, recipe, first, all.limit(end));
    }
    return all.flip();
  }

  float[] floats(TensorRecipe recipe, long elements) throws IOException {
    ByteBuffer bytes = read(recipe, elements);
    float[] floats = new float[(int) elements];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = format().get(bytes, i);
    }
    return floats;
  }

  /** The stream that a key means here. */
  static NoiseStream stream(NoiseKey key) {
    return new NoiseStream(5, OptionalInt.of(3), key);
  }

  private PlannedTensor planned(TensorRecipe recipe, long elements) {
    return new PlannedTensor(
        new TensorSlot("made", dtype, ImmutableList.of(elements)),
        new TensorSite(Region.LAYER, "", 3, 0, "made", Optional.empty()),
        recipe);
  }

  @Override
  public void close() throws IOException {
    source.close();
    folder.close();
  }
}

package dev.coppice.moe.text;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import com.google.common.primitives.Ints;
import com.google.common.primitives.Longs;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A generator as a DJL block: int64 ids [1, S] of a prompt to those of what follows, [1, N]. */
final class GeneratorBlock extends AbstractBlock {
  private final TextGenerator generator;

  GeneratorBlock(TextGenerator generator) {
    this.generator = generator;
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore store,
      NDList inputs,
      boolean training,
      @Nullable PairList<String, Object> params) {
    NDArray ids = inputs.singletonOrThrow();
    checkArgument(
        ids.getShape().dimension() == 2 && ids.getShape().get(0) == 1,
        "ids must have shape [1, S], got %s",
        ids.getShape());
    int[] prompt = Ints.toArray(Longs.asList(ids.toLongArray()));
    int[] made = generator.generate(prompt, id -> {}).ids().toArray();
    long[] longs = Arrays.stream(made).asLongStream().toArray();
    return new NDList(ids.getManager().create(longs, new Shape(1, longs.length)));
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    return new Shape[] {new Shape(1, -1)};
  }
}

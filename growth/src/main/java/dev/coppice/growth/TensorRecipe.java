package dev.coppice.growth;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import java.util.stream.Stream;

/**
 * How the bytes of one output tensor are made from the tensors of the source: plain data, no bytes.
 *
 * <p>A recipe yields a run of elements in row-major order; the planned tensor that holds it gives
 * them a shape and a dtype. All inputs of one recipe have that dtype.
 */
public sealed interface TensorRecipe {

  /**
   * The bytes of a source tensor as they are.
   *
   * @param source name in the source checkpoint
   */
  record Copy(String source) implements TensorRecipe {}

  /**
   * A run of another recipe's elements.
   *
   * @param input what is cut
   * @param begin first element
   * @param count elements taken
   */
  record Slice(TensorRecipe input, long begin, long count) implements TensorRecipe {
    /** Checks signs. */
    public Slice {
      checkArgument(
          begin >= 0 && count > 0, "slice must be a positive run, got %s at %s", count, begin);
    }
  }

  /**
   * Parts one after another, which is concatenation along the first axis.
   *
   * @param parts at least one, each with its element count
   */
  record Concat(ImmutableList<Part> parts) implements TensorRecipe {
    /** Checks that there is a part. */
    public Concat {
      checkArgument(!parts.isEmpty(), "concat must have a part, got none");
    }
  }

  /**
   * One part of a {@link Concat}.
   *
   * @param recipe what it holds
   * @param elements how many elements that is
   */
  record Part(TensorRecipe recipe, long elements) {}

  /**
   * Adds N(0, (α·σ)²) to another recipe: float32 arithmetic, one rounding to the dtype.
   *
   * <p>Element {@code i} of the input gets number {@code i} of the key's stream, so that any split
   * into chunks, threads or shards yields the same bits.
   *
   * @param input what is noised
   * @param alpha α; zero is not a noise, see {@link TensorRecipe#noise}
   * @param scope the recipe whose standard deviation (n−1) is σ
   * @param key which numbers
   */
  record Noise(TensorRecipe input, double alpha, Scope scope, NoiseKey key)
      implements TensorRecipe {
    /** Checks that α is a positive number. */
    public Noise {
      checkArgument(
          alpha > 0 && Double.isFinite(alpha), "noise must be a positive number, got %s", alpha);
    }
  }

  /**
   * What σ is taken over.
   *
   * @param recipe the elements
   * @param elements how many
   */
  record Scope(TensorRecipe recipe, long elements) {}

  /**
   * Fresh numbers N(0, std²).
   *
   * @param std standard deviation
   * @param key which numbers
   */
  record Normal(double std, NoiseKey key) implements TensorRecipe {}

  /** Zeros. */
  record Zero() implements TensorRecipe {}

  /**
   * Noise on a recipe, or the recipe itself where there is nothing to add: α is zero, or σ is since
   * the input is zero.
   *
   * @param input what is noised
   * @param alpha α, not negative
   * @param scope what σ is taken over
   * @param key which numbers; its level is raised to the input's
   */
  static TensorRecipe noise(TensorRecipe input, double alpha, Scope scope, NoiseKey key) {
    if (alpha == 0 || scope.recipe() instanceof Zero) {
      return input;
    }
    return new Noise(
        input, alpha, scope, new NoiseKey(key.expert(), key.projection(), level(input)));
  }

  /** Names of the source tensors whose bytes a recipe holds, in order. */
  default Stream<String> sources() {
    if (this instanceof Copy copy) {
      return Stream.of(copy.source());
    }
    if (this instanceof Slice slice) {
      return slice.input().sources();
    }
    if (this instanceof Concat concat) {
      return concat.parts().stream().flatMap(part -> part.recipe().sources());
    }
    return this instanceof Noise noise ? noise.input().sources() : Stream.empty();
  }

  /** How often a recipe is noised at its deepest place. */
  private static int level(TensorRecipe recipe) {
    if (recipe instanceof Slice slice) {
      return level(slice.input());
    }
    if (recipe instanceof Concat concat) {
      return concat.parts().stream().mapToInt(part -> level(part.recipe())).max().orElse(0);
    }
    if (recipe instanceof Noise noise) {
      return 1 + level(noise.input());
    }
    return recipe instanceof Normal ? 1 : 0;
  }
}

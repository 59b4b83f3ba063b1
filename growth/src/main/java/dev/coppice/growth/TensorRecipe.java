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
   * <p>Element [row, column] of a matrix gets number {@code row · columns + column} of its key's
   * stream, so that any split into chunks, threads or shards, and any weave, yields the same bits.
   *
   * @param input what is noised
   * @param alpha α; zero is not a noise, see {@link TensorRecipe#noise}
   * @param weave how the matrices lie in the input, which it fills
   * @param strands σ and numbers of each matrix
   */
  record Noise(TensorRecipe input, double alpha, Weave weave, ImmutableList<Strand> strands)
      implements TensorRecipe {
    /** Checks that α is a positive number, and that each matrix has its strand. */
    public Noise {
      checkArgument(
          alpha > 0 && Double.isFinite(alpha), "noise must be a positive number, got %s", alpha);
      checkStrands(weave, strands.size());
    }
  }

  /**
   * The noise of one matrix.
   *
   * @param scope what σ is taken over
   * @param key which numbers
   */
  record Strand(Scope scope, NoiseKey key) {}

  /**
   * One matrix, of which σ is the standard deviation (n−1).
   *
   * @param recipe the run that holds it
   * @param weave how it lies in there
   * @param strand which of the woven matrices it is
   */
  record Scope(TensorRecipe recipe, Weave weave, int strand) {
    /** Checks that the strand is one of the weave's. */
    public Scope {
      checkArgument(
          strand >= 0 && strand < weave.strands(),
          "strand must lie in 0..%s, got %s",
          weave.strands() - 1,
          strand);
    }
  }

  /**
   * Fresh numbers N(0, std²), laid out as those of {@link Noise}.
   *
   * @param std standard deviation
   * @param weave how the matrices lie in the run
   * @param keys which numbers each matrix draws
   */
  record Normal(double std, Weave weave, ImmutableList<NoiseKey> keys) implements TensorRecipe {
    /** Checks that each matrix has its key. */
    public Normal {
      checkStrands(weave, keys.size());
    }
  }

  /**
   * Another recipe's elements times a number: float64 arithmetic, one rounding to the dtype.
   *
   * @param input what is scaled
   * @param factor finite
   */
  record Scale(TensorRecipe input, double factor) implements TensorRecipe {
    /** Checks that the factor is finite. */
    public Scale {
      checkArgument(Double.isFinite(factor), "scale must be a finite number, got %s", factor);
    }
  }

  /**
   * A table of expert indices [V,K] widened to [V, factor·K]: each row names the experts of copy 0,
   * then those of copy 1, and so on.
   *
   * @param input the table; I32 or I64
   * @param columns K
   * @param factor how many copies
   * @param experts E before growth
   * @param interleaved whether copy c of expert e is e·factor + c, and not e + c·E
   */
  record ExpertIds(TensorRecipe input, int columns, int factor, int experts, boolean interleaved)
      implements TensorRecipe {
    /** Checks signs. */
    public ExpertIds {
      checkArgument(
          columns > 0 && factor > 0 && experts > 0,
          "expert indices must have columns, copies and experts, got %s, %s and %s",
          columns,
          factor,
          experts);
    }
  }

  /** Zeros. */
  record Zero() implements TensorRecipe {}

  /**
   * Noise on a recipe, or the recipe itself where there is nothing to add: α is zero, or σ is since
   * the input is zero.
   *
   * @param input what is noised
   * @param alpha α, not negative
   * @param weave how the matrices lie in the input
   * @param strands σ and numbers of each matrix; the keys' level is raised to the input's
   */
  static TensorRecipe noise(
      TensorRecipe input, double alpha, Weave weave, ImmutableList<Strand> strands) {
    boolean zero =
        input instanceof Zero
            || strands.stream().allMatch(strand -> strand.scope().recipe() instanceof Zero);
    if (alpha == 0 || zero) {
      return input;
    }
    int level = level(input);
    return new Noise(
        input,
        alpha,
        weave,
        strands.stream()
            .map(strand -> new Strand(strand.scope(), strand.key().atLevel(level)))
            .collect(ImmutableList.toImmutableList()));
  }

  /**
   * A run of a recipe's elements, taken from the part that holds it where there is one: plans that
   * make the same elements are the same plans.
   *
   * @param input what is cut
   * @param begin first element
   * @param count elements taken
   */
  static TensorRecipe slice(TensorRecipe input, long begin, long count) {
    if (input instanceof Zero) {
      return input;
    }
    if (input instanceof Slice slice) {
      return slice(slice.input(), slice.begin() + begin, count);
    }
    if (input instanceof Concat concat) {
      long at = 0;
      for (Part part : concat.parts()) {
        if (begin == at && count == part.elements()) {
          return part.recipe();
        }
        if (begin >= at && begin + count <= at + part.elements()) {
          return slice(part.recipe(), begin - at, count);
        }
        at += part.elements();
      }
    }
    return new Slice(input, begin, count);
  }

  private static void checkStrands(Weave weave, int strands) {
    checkArgument(
        strands == weave.strands(),
        "a weave of %s matrices must have as many strands, got %s",
        weave.strands(),
        strands);
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
    if (this instanceof Scale scale) {
      return scale.input().sources();
    }
    if (this instanceof ExpertIds ids) {
      return ids.input().sources();
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
    if (recipe instanceof Scale scale) {
      return level(scale.input());
    }
    if (recipe instanceof Noise noise) {
      return 1 + level(noise.input());
    }
    return recipe instanceof Normal ? 1 : 0;
  }
}

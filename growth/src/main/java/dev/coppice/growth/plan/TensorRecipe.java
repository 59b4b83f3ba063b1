package dev.coppice.growth.plan;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.safetensors.Dtype;
import java.util.stream.Stream;

/**
 * How the bytes of one output tensor are made from tensors of named sources: plain data, no bytes.
 *
 * <p>A recipe yields a run of elements in row-major order; the planned tensor that holds it gives
 * them a shape and a dtype. All inputs of a recipe have that dtype, except the terms of a {@link
 * Sum}, which name their own.
 *
 * <p>A recipe answers for itself ({@link #inputs}, {@link #noiseLevel}, {@link #slice}). Whoever
 * has to know which recipe it is takes a {@link RecipeVisitor}: a new recipe compiles only when
 * every reader, writer and lineage has a method for it.
 */
public sealed interface TensorRecipe {

  /** The answer of the visitor's method for this recipe. */
  <R> R accept(RecipeVisitor<R> visitor);

  /** The recipes whose elements this one is made from, in order; those of σ do not count. */
  ImmutableList<TensorRecipe> inputs();

  /** The source tensors whose elements this recipe holds, in order. */
  default Stream<SourceTensor> sources() {
    return inputs().stream().flatMap(TensorRecipe::sources);
  }

  /** How often this recipe is noised at its deepest place; drawing numbers counts once. */
  default int noiseLevel() {
    return inputs().stream().mapToInt(TensorRecipe::noiseLevel).max().orElse(0);
  }

  /** Whether all elements are known to be zero. */
  default boolean isZero() {
    return false;
  }

  /**
   * A run of this recipe's elements, taken from the part that holds it where there is one: plans
   * that make the same elements are the same plans.
   *
   * @param begin first element
   * @param count elements taken
   */
  default TensorRecipe slice(long begin, long count) {
    return new Slice(this, begin, count);
  }

  /**
   * The elements of a source tensor, byte for byte.
   *
   * @param tensor which tensor of which source
   */
  record Copy(SourceTensor tensor) implements TensorRecipe {
    /** A tensor of the model that grows. */
    public Copy(String name) {
      this(new SourceTensor(SourceId.MODEL, name));
    }

    @Override
    public <R> R accept(RecipeVisitor<R> visitor) {
      return visitor.copy(this);
    }

    @Override
    public ImmutableList<TensorRecipe> inputs() {
      return ImmutableList.of();
    }

    @Override
    public Stream<SourceTensor> sources() {
      return Stream.of(tensor);
    }
  }

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

    @Override
    public <R> R accept(RecipeVisitor<R> visitor) {
      return visitor.slice(this);
    }

    @Override
    public ImmutableList<TensorRecipe> inputs() {
      return ImmutableList.of(input);
    }

    @Override
    public TensorRecipe slice(long from, long length) {
      return input.slice(begin + from, length);
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

    @Override
    public <R> R accept(RecipeVisitor<R> visitor) {
      return visitor.concat(this);
    }

    @Override
    public ImmutableList<TensorRecipe> inputs() {
      return parts.stream().map(Part::recipe).collect(ImmutableList.toImmutableList());
    }

    @Override
    public TensorRecipe slice(long begin, long count) {
      long at = 0;
      for (Part part : parts) {
        if (begin == at && count == part.elements()) {
          return part.recipe();
        }
        if (begin >= at && begin + count <= at + part.elements()) {
          return part.recipe().slice(begin - at, count);
        }
        at += part.elements();
      }
      return new Slice(this, begin, count);
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

    @Override
    public <R> R accept(RecipeVisitor<R> visitor) {
      return visitor.noise(this);
    }

    @Override
    public ImmutableList<TensorRecipe> inputs() {
      return ImmutableList.of(input);
    }

    @Override
    public int noiseLevel() {
      return 1 + input.noiseLevel();
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

    @Override
    public <R> R accept(RecipeVisitor<R> visitor) {
      return visitor.normal(this);
    }

    @Override
    public ImmutableList<TensorRecipe> inputs() {
      return ImmutableList.of();
    }

    @Override
    public int noiseLevel() {
      return 1;
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

    @Override
    public <R> R accept(RecipeVisitor<R> visitor) {
      return visitor.scale(this);
    }

    @Override
    public ImmutableList<TensorRecipe> inputs() {
      return ImmutableList.of(input);
    }
  }

  /**
   * A weighted sum over any sources: {@code Σ weight · element} in float64, from the first term to
   * the last, and one rounding to the dtype of the output.
   *
   * @param terms at least one
   */
  record Sum(ImmutableList<Term> terms) implements TensorRecipe {
    /** Checks that there is a term. */
    public Sum {
      checkArgument(!terms.isEmpty(), "sum must have a term, got none");
    }

    @Override
    public <R> R accept(RecipeVisitor<R> visitor) {
      return visitor.sum(this);
    }

    @Override
    public ImmutableList<TensorRecipe> inputs() {
      return terms.stream().map(Term::recipe).collect(ImmutableList.toImmutableList());
    }
  }

  /**
   * One term of a {@link Sum}.
   *
   * @param weight finite
   * @param dtype what the recipe's elements are stored as; BF16, F16 or F32
   * @param recipe as many elements as the sum
   */
  record Term(double weight, Dtype dtype, TensorRecipe recipe) {
    /** Checks that the weight is finite. */
    public Term {
      checkArgument(Double.isFinite(weight), "weight must be a finite number, got %s", weight);
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

    @Override
    public <R> R accept(RecipeVisitor<R> visitor) {
      return visitor.expertIds(this);
    }

    @Override
    public ImmutableList<TensorRecipe> inputs() {
      return ImmutableList.of(input);
    }
  }

  /** Zeros. */
  record Zero() implements TensorRecipe {
    @Override
    public <R> R accept(RecipeVisitor<R> visitor) {
      return visitor.zero(this);
    }

    @Override
    public ImmutableList<TensorRecipe> inputs() {
      return ImmutableList.of();
    }

    @Override
    public boolean isZero() {
      return true;
    }

    @Override
    public TensorRecipe slice(long begin, long count) {
      return this;
    }
  }

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
        input.isZero() || strands.stream().allMatch(strand -> strand.scope().recipe().isZero());
    if (alpha == 0 || zero) {
      return input;
    }
    int level = input.noiseLevel();
    return new Noise(
        input,
        alpha,
        weave,
        strands.stream()
            .map(strand -> new Strand(strand.scope(), strand.key().atLevel(level)))
            .collect(ImmutableList.toImmutableList()));
  }

  private static void checkStrands(Weave weave, int strands) {
    checkArgument(
        strands == weave.strands(),
        "a weave of %s matrices must have as many strands, got %s",
        weave.strands(),
        strands);
  }
}

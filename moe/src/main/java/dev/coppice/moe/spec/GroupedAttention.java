package dev.coppice.moe.spec;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * Grouped-query attention.
 *
 * @param heads query heads H
 * @param keyValueHeads key and value heads G; divides {@code heads}
 * @param headDim width of one head, N; even
 * @param headNorm RMS norm of queries and keys before they turn
 * @param inputBias whether the query, key and value projections have biases
 * @param outputBias whether the output projection has a bias
 * @param sinks whether each head has a learned logit that takes part in its softmax and adds
 *     nothing
 * @param scale factor on the product of query and key
 * @param rope rotary positions; at most {@code headDim} wide
 */
public record GroupedAttention(
    int heads,
    int keyValueHeads,
    int headDim,
    HeadNorm headNorm,
    boolean inputBias,
    boolean outputBias,
    boolean sinks,
    double scale,
    RopeSpec rope)
    implements AttentionSpec {

  /** The span of an RMS norm of queries and keys. */
  public enum HeadNorm {
    /** There is none. */
    NONE,
    /** Each head by itself; all heads share N weights. */
    PER_HEAD,
    /** All heads of a token together; H·N and G·N weights. */
    WHOLE
  }

  /** Checks divisibility and signs. */
  public GroupedAttention {
    checkArgument(heads > 0, "attention heads must be positive, got %s", heads);
    checkArgument(
        keyValueHeads > 0 && heads % keyValueHeads == 0,
        "key-value heads must divide the %s query heads, got %s",
        heads,
        keyValueHeads);
    checkArgument(headDim > 0 && headDim % 2 == 0, "head dimension must be even, got %s", headDim);
    checkArgument(
        (long) heads * headDim <= MAX_WIDTH,
        "heads times head dimension must be at most %s, got %s x %s",
        MAX_WIDTH,
        heads,
        headDim);
    checkArgument(
        scale > 0 && Double.isFinite(scale),
        "attention scale must be positive and finite, got %s",
        scale);
    checkArgument(
        rope.width() <= headDim,
        "rotary width must be at most the head dimension %s, got %s",
        headDim,
        rope.width());
  }

  /**
   * The plain kind: whole heads turn, the scale is 1/√N, and there are neither biases nor sinks.
   *
   * @param heads query heads
   * @param keyValueHeads key and value heads
   * @param headDim width of one head
   * @param headNorm whether each query and key head passes an RMS norm
   * @param theta base of the rotary frequencies
   */
  public static GroupedAttention plain(
      int heads, int keyValueHeads, int headDim, boolean headNorm, double theta) {
    return new GroupedAttention(
        heads,
        keyValueHeads,
        headDim,
        headNorm ? HeadNorm.PER_HEAD : HeadNorm.NONE,
        false,
        false,
        false,
        1 / Math.sqrt(headDim),
        RopeSpec.plain(headDim, theta));
  }

  @Override
  public int scoreDim() {
    return headDim;
  }

  @Override
  public int valueDim() {
    return headDim;
  }

  /** Rows of the query, key and value projections together: (H+2G)·N. */
  public long inputRows() {
    return (heads + 2L * keyValueHeads) * headDim;
  }

  /** Weights of the norm of all queries; 0 without one. */
  public long queryNormWidth() {
    return normWidth(heads);
  }

  /** Weights of the norm of all keys; 0 without one. */
  public long keyNormWidth() {
    return normWidth(keyValueHeads);
  }

  private long normWidth(int normedHeads) {
    return switch (headNorm) {
      case NONE -> 0;
      case PER_HEAD -> headDim;
      case WHOLE -> (long) normedHeads * headDim;
    };
  }

  @Override
  public long parameterCount(int hiddenSize) {
    long matrices = (inputRows() + (long) heads * headDim) * hiddenSize;
    long biases = (inputBias ? inputRows() : 0) + (outputBias ? hiddenSize : 0);
    return matrices + biases + queryNormWidth() + keyNormWidth() + (sinks ? heads : 0);
  }
}

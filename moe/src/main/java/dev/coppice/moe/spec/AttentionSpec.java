package dev.coppice.moe.spec;

/** Causal self-attention with rotary positions: what every layer of a model has. */
public sealed interface AttentionSpec permits GroupedAttention, LatentAttention {
  /** Widest sum over the heads, elements; no count of weights overflows below it. */
  long MAX_WIDTH = 1L << 24;

  /** Query heads H. */
  int heads();

  /** How positions turn queries and keys. */
  RopeSpec rope();

  /** Factor of the product of a query and a key before the softmax. */
  double scale();

  /** Elements that are multiplied to score one key against one query in one head. */
  int scoreDim();

  /** Elements of one head's value. */
  int valueDim();

  /**
   * Weights of one layer's attention, its biases, norms and sinks among them; the norm before it is
   * not.
   *
   * @param hiddenSize model width D
   */
  long parameterCount(int hiddenSize);
}

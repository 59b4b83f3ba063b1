package dev.coppice.moe.parameter;

import dev.coppice.moe.kernel.LayerParameter;

/** The role of a trained parameter in a model. */
public enum ParameterKind {
  /** The table of tokens, and the head where that is tied to it. */
  EMBEDDING(true),
  /** A head of its own. */
  HEAD(true),
  /** Norms of layers, heads and latent vectors, and the final one. */
  NORM(false),
  /** Projections of attention. */
  ATTENTION(true),
  /** Biases of attention's projections. */
  BIAS(false),
  /** Learned sinks of attention. */
  SINK(false),
  /** The rows of routers, one for each expert. */
  ROUTER(true),
  /** Routers' biases, one number for each expert; those that no gradient moves are no part. */
  ROUTER_BIAS(false),
  /** Matrices of routed experts. */
  EXPERT(true),
  /** Biases of routed experts. */
  EXPERT_BIAS(false),
  /** Experts that every token takes, and their gate. */
  SHARED_EXPERT(true),
  /** Feed-forward blocks of layers without experts. */
  DENSE(true);

  private final boolean matrix;

  ParameterKind(boolean matrix) {
    this.matrix = matrix;
  }

  /** The kind of a layer's parameter, in a mixture layer or a dense one. */
  static ParameterKind of(LayerParameter parameter, boolean mixture) {
    return switch (parameter) {
      case INPUT_NORM, QUERY_NORM, KEY_NORM, POST_ATTENTION_NORM -> NORM;
      case QUERY_KEY_VALUE, OUTPUT, DOWN_PROJECTIONS, KEY_VALUE_UP -> ATTENTION;
      case INPUT_BIAS, OUTPUT_BIAS -> BIAS;
      case SINKS -> SINK;
      case ROUTER -> ParameterKind.ROUTER;
      case ROUTER_BIAS, SELECTION_BIAS -> ParameterKind.ROUTER_BIAS;
      case GATE_UP, DOWN -> mixture ? EXPERT : DENSE;
      case GATE_UP_BIAS, DOWN_BIAS -> EXPERT_BIAS;
      case SHARED_GATE_UP, SHARED_DOWN, SHARED_SCORE -> SHARED_EXPERT;
    };
  }

  /** Whether it is a matrix rather than a vector. */
  public boolean matrix() {
    return matrix;
  }
}

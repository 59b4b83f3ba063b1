package dev.coppice.moe.model;

/** What a trained parameter is in a model. */
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

  /** Whether it is a matrix rather than a vector. */
  public boolean matrix() {
    return matrix;
  }
}

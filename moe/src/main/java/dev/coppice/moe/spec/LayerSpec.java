package dev.coppice.moe.spec;

import static com.google.common.base.Preconditions.checkArgument;

/** The feed-forward half of one decoder layer: a dense SwiGLU block or a routed mixture of them. */
public sealed interface LayerSpec {

  /**
   * A dense SwiGLU layer.
   *
   * @param width inner width F of the gate, up and down projections
   */
  record Dense(int width) implements LayerSpec {
    /** Checks that the width is positive. */
    public Dense {
      checkArgument(width > 0, "dense layer width must be positive, got %s", width);
    }
  }

  /**
   * A mixture of SwiGLU experts behind a router.
   *
   * @param experts routed experts E
   * @param topK experts chosen for a token, K
   * @param expertWidth inner width F of one expert
   */
  record Moe(int experts, int topK, int expertWidth) implements LayerSpec {
    /** Checks that all three are positive and K is at most E. */
    public Moe {
      checkArgument(experts > 0, "experts must be positive, got %s", experts);
      checkArgument(
          topK > 0 && topK <= experts,
          "top-k must lie in 1..%s (the experts), got %s",
          experts,
          topK);
      checkArgument(expertWidth > 0, "expert width must be positive, got %s", expertWidth);
    }
  }
}

package dev.coppice.moe.spec;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Optional;
import java.util.function.Function;

/** The feed-forward half of one decoder layer: a dense SwiGLU block or a routed mixture of them. */
public sealed interface LayerSpec {

  /** Routed experts E; 0 in a dense layer. */
  int experts();

  /** Experts chosen for a token, K; 0 in a dense layer. */
  int topK();

  /** The answer of the function for this kind of layer. */
  <R> R fold(Function<Dense, R> ofDense, Function<Moe, R> ofMoe);

  /** Whether a router chooses experts here. */
  default boolean isMixture() {
    return mixture().isPresent();
  }

  /** This layer if it is dense. */
  default Optional<Dense> dense() {
    return fold(Optional::of, moe -> Optional.empty());
  }

  /** This layer if a router chooses experts here. */
  default Optional<Moe> mixture() {
    return fold(dense -> Optional.empty(), Optional::of);
  }

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

    @Override
    public int experts() {
      return 0;
    }

    @Override
    public int topK() {
      return 0;
    }

    @Override
    public <R> R fold(Function<Dense, R> ofDense, Function<Moe, R> ofMoe) {
      return ofDense.apply(this);
    }
  }

  /**
   * A mixture of SwiGLU experts behind a router, and perhaps one expert that serves every token.
   *
   * @param experts routed experts E
   * @param topK experts chosen for a token, K
   * @param expertWidth inner width F of one expert
   * @param sharedWidth inner width S of the shared expert; several are one of their summed width, 0
   *     is none
   * @param sharedGate whether a sigmoid of the token scales what the shared expert adds
   */
  record Moe(int experts, int topK, int expertWidth, int sharedWidth, boolean sharedGate)
      implements LayerSpec {
    /** Checks signs, and that K is at most E. */
    public Moe {
      checkArgument(experts > 0, "experts must be positive, got %s", experts);
      checkArgument(
          topK > 0 && topK <= experts,
          "top-k must lie in 1..%s (the experts), got %s",
          experts,
          topK);
      checkArgument(expertWidth > 0, "expert width must be positive, got %s", expertWidth);
      checkArgument(
          sharedWidth >= 0, "shared expert width must not be negative, got %s", sharedWidth);
      checkArgument(
          sharedWidth > 0 || !sharedGate, "a shared gate must have a shared expert, got none");
    }

    /** Without a shared expert. */
    public Moe(int experts, int topK, int expertWidth) {
      this(experts, topK, expertWidth, 0, false);
    }

    @Override
    public <R> R fold(Function<Dense, R> ofDense, Function<Moe, R> ofMoe) {
      return ofMoe.apply(this);
    }
  }
}

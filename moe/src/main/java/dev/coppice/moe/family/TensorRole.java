package dev.coppice.moe.family;

/** What a tensor does in the model, whatever its family calls it. */
public enum TensorRole {
  /** Input embedding [V,D]. */
  EMBEDDING(Scope.MODEL),
  /** Norm before the head [D]. */
  FINAL_NORM(Scope.MODEL),
  /** Output projection [V,D]. */
  HEAD(Scope.MODEL),
  /** Norm before attention [D]. */
  INPUT_NORM(Scope.LAYER),
  /** Norm before the feed-forward half [D]. */
  POST_ATTENTION_NORM(Scope.LAYER),
  /** Query projection [heads·headDim,D]. */
  QUERY(Scope.LAYER),
  /** Key projection [keyValueHeads·headDim,D]. */
  KEY(Scope.LAYER),
  /** Value projection [keyValueHeads·headDim,D]. */
  VALUE(Scope.LAYER),
  /** Attention's output projection [D,heads·headDim]. */
  OUTPUT(Scope.LAYER),
  /** Norm of each query head [headDim]. */
  QUERY_NORM(Scope.LAYER),
  /** Norm of each key head [headDim]. */
  KEY_NORM(Scope.LAYER),
  /** Router [E,D]. */
  ROUTER(Scope.LAYER),
  /** Bias of the router's logits [E]. */
  ROUTER_BIAS(Scope.LAYER),
  /** Bias of the router's scores, for selection only [E]. */
  SELECTION_BIAS(Scope.LAYER),
  /** Gate projection of one expert [F,D]. */
  EXPERT_GATE(Scope.EXPERT),
  /** Up projection of one expert [F,D]. */
  EXPERT_UP(Scope.EXPERT),
  /** Down projection of one expert [D,F]. */
  EXPERT_DOWN(Scope.EXPERT),
  /** Gate projection of a dense layer [F,D]. */
  DENSE_GATE(Scope.LAYER),
  /** Up projection of a dense layer [F,D]. */
  DENSE_UP(Scope.LAYER),
  /** Down projection of a dense layer [D,F]. */
  DENSE_DOWN(Scope.LAYER);

  private enum Scope {
    MODEL,
    LAYER,
    EXPERT
  }

  private final Scope scope;

  TensorRole(Scope scope) {
    this.scope = scope;
  }

  /** Whether every layer that has it has its own. */
  public boolean perLayer() {
    return scope != Scope.MODEL;
  }

  /** Whether every expert of a layer has its own. */
  public boolean perExpert() {
    return scope == Scope.EXPERT;
  }
}

package dev.coppice.moe.family;

/** The role of a tensor in the model, in any family. */
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
  /** Query projection [heads·headDim,D]; in latent attention without a query rank too. */
  QUERY(Scope.LAYER),
  /** Key projection [keyValueHeads·headDim,D]. */
  KEY(Scope.LAYER),
  /** Value projection [keyValueHeads·headDim,D]. */
  VALUE(Scope.LAYER),
  /** Attention's output projection [D,heads·headDim]. */
  OUTPUT(Scope.LAYER),
  /** Bias of the query projection [heads·headDim]. */
  QUERY_BIAS(Scope.LAYER),
  /** Bias of the key projection [keyValueHeads·headDim]. */
  KEY_BIAS(Scope.LAYER),
  /** Bias of the value projection [keyValueHeads·headDim]. */
  VALUE_BIAS(Scope.LAYER),
  /** Bias of the output projection [D]. */
  OUTPUT_BIAS(Scope.LAYER),
  /** Logit of each head that takes part in the softmax and adds nothing [heads]. */
  SINKS(Scope.LAYER),
  /** Norm of queries: [headDim] of each head, [heads·headDim], or of their latent vector [rank]. */
  QUERY_NORM(Scope.LAYER),
  /** Norm of keys: likewise; the latent vector is that of keys and values. */
  KEY_NORM(Scope.LAYER),
  /** Latent attention's projection to the queries' latent vector [rank,D]. */
  QUERY_DOWN(Scope.LAYER),
  /** Its bias [rank]. */
  QUERY_DOWN_BIAS(Scope.LAYER),
  /** Latent attention's projection from there to queries [heads·headDim,rank]. */
  QUERY_UP(Scope.LAYER),
  /** Projection to the latent vector of keys and values, and to the rotary key [rank+rotary,D]. */
  KEY_VALUE_DOWN(Scope.LAYER),
  /** Its bias [rank+rotary]. */
  KEY_VALUE_DOWN_BIAS(Scope.LAYER),
  /** Projection from there to unturned keys and values of all heads [heads·(plain+value),rank]. */
  KEY_VALUE_UP(Scope.LAYER),
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
  /** Gate and up projections of all experts; see the family's layout. */
  EXPERTS_GATE_UP(Scope.LAYER),
  /** Down projection of all experts; see the family's layout. */
  EXPERTS_DOWN(Scope.LAYER),
  /** Biases of the former [E,2F]. */
  EXPERTS_GATE_UP_BIAS(Scope.LAYER),
  /** Biases of the latter [E,D]. */
  EXPERTS_DOWN_BIAS(Scope.LAYER),
  /** Gate projection of the shared expert [S,D]. */
  SHARED_GATE(Scope.LAYER),
  /** Up projection of the shared expert [S,D]. */
  SHARED_UP(Scope.LAYER),
  /** Down projection of the shared expert [D,S]. */
  SHARED_DOWN(Scope.LAYER),
  /** Row whose product with a token, through a sigmoid, scales the shared expert [1,D]. */
  SHARED_SCORE(Scope.LAYER),
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

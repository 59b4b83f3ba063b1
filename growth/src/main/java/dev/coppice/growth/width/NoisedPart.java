package dev.coppice.growth.width;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.google.common.collect.ImmutableSet;

/** The tensors of a copied expert that can get noise. */
public enum NoisedPart {
  /** Its gate projection. */
  @JsonProperty("gate")
  GATE,
  /** Its up projection. */
  @JsonProperty("up")
  UP,
  /** Its down projection. */
  @JsonProperty("down")
  DOWN,
  /** Its row of the router. */
  @JsonProperty("router")
  ROUTER,
  /** Its entry in the bias of the router's logits. */
  @JsonProperty("router_bias")
  ROUTER_BIAS,
  /** Its entry in the bias for selection. */
  @JsonProperty("selection_bias")
  SELECTION_BIAS;

  /** Tensors with noise by default: all matrices, no bias. */
  public static final ImmutableSet<NoisedPart> MATRICES = ImmutableSet.of(GATE, UP, DOWN, ROUTER);
}

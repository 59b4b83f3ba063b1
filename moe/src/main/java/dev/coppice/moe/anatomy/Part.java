package dev.coppice.moe.anatomy;

import com.fasterxml.jackson.annotation.JsonProperty;

/** The role of a tensor beside a layer's experts. */
public enum Part {
  /** Router [E,D]. */
  @JsonProperty("router")
  ROUTER,
  /** Bias [E] on the router's logits. */
  @JsonProperty("router_bias")
  ROUTER_BIAS,
  /** Bias [E] or [1,E] on the scores, for selection only. */
  @JsonProperty("selection_bias")
  SELECTION_BIAS,
  /** Table [V,K] from token to experts. */
  @JsonProperty("expert_ids")
  EXPERT_IDS,
  /** Gate projection [F,D]. */
  @JsonProperty("gate")
  GATE,
  /** Up projection [F,D]. */
  @JsonProperty("up")
  UP,
  /** Gate and up projection in one tensor. */
  @JsonProperty("gate_up")
  GATE_UP,
  /** Down projection [D,F]. */
  @JsonProperty("down")
  DOWN,
  /** A bias of the experts. */
  @JsonProperty("expert_bias")
  EXPERT_BIAS,
  /** Numbers of experts in a packed form, or their scales. */
  @JsonProperty("quantized")
  QUANTIZED;

  /** Whether it belongs to the experts, not to the router. */
  public boolean ofExperts() {
    return switch (this) {
      case ROUTER, ROUTER_BIAS, SELECTION_BIAS, EXPERT_IDS -> false;
      case GATE, UP, GATE_UP, DOWN, EXPERT_BIAS, QUANTIZED -> true;
    };
  }
}

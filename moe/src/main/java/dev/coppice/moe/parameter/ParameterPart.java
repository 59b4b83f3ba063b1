package dev.coppice.moe.parameter;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * Parameters that are trained alike.
 *
 * @param kind what they are
 * @param layer their layer from 0; {@link #NONE} for the embedding, the head and the final norm
 * @param expert their routed expert from 0; {@link #NONE} where they are of none
 */
public record ParameterPart(ParameterKind kind, int layer, int expert) {
  /** No layer, or no expert. */
  public static final int NONE = -1;

  /** Checks both places. */
  public ParameterPart {
    checkArgument(layer >= NONE, "layer must be -1 or more, got %s", layer);
    checkArgument(expert >= NONE, "expert must be -1 or more, got %s", expert);
  }
}

package dev.coppice.moe.spec;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * The gated unit of experts and dense layers.
 *
 * <p>Plain: silu(gate)·up. Clamped: gate is cut at the limit from above, up at both ends, and the
 * unit is gate·sigmoid(alpha·gate)·(up+1).
 *
 * @param clamped whether it is the clamped kind
 * @param alpha steepness of the clamped kind's sigmoid
 * @param limit where the clamped kind cuts
 * @param bias whether the experts' projections have biases
 */
public record GateSpec(boolean clamped, double alpha, double limit, boolean bias) {
  /** The plain unit, without biases. */
  public static final GateSpec SWIGLU = new GateSpec(false, 1, 1, false);

  /** Checks signs. */
  public GateSpec {
    checkArgument(
        alpha > 0 && Double.isFinite(alpha), "gate alpha must be positive, got %s", alpha);
    checkArgument(
        limit > 0 && Double.isFinite(limit), "gate limit must be positive, got %s", limit);
  }
}

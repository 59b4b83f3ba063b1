package dev.coppice.moe.spec;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * Constant factors on a model's streams.
 *
 * @param embedding on the embedded tokens
 * @param residual on what each half of a layer adds
 * @param logits what logits are divided by
 */
public record Multipliers(double embedding, double residual, double logits) {
  /** All of them 1. */
  public static final Multipliers NONE = new Multipliers(1, 1, 1);

  /** Checks that all are finite and none is zero. */
  public Multipliers {
    check("embedding", embedding);
    check("residual", residual);
    check("logits", logits);
  }

  private static void check(String name, double value) {
    checkArgument(
        value != 0 && Double.isFinite(value),
        "%s multiplier must be finite and not zero, got %s",
        name,
        value);
  }
}

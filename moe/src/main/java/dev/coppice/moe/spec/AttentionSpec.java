package dev.coppice.moe.spec;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * Grouped-query attention with rotary positions.
 *
 * @param heads query heads
 * @param keyValueHeads key and value heads; divides {@code heads}
 * @param headDim width of one head; even
 * @param headNorm whether queries and keys pass an RMS norm over {@code headDim} first (Qwen3)
 * @param ropeTheta base of the rotary frequencies
 */
public record AttentionSpec(
    int heads, int keyValueHeads, int headDim, boolean headNorm, double ropeTheta) {
  /** Checks divisibility and signs. */
  public AttentionSpec {
    checkArgument(heads > 0, "attention heads must be positive, got %s", heads);
    checkArgument(
        keyValueHeads > 0 && heads % keyValueHeads == 0,
        "key-value heads must divide the %s query heads, got %s",
        heads,
        keyValueHeads);
    checkArgument(headDim > 0 && headDim % 2 == 0, "head dimension must be even, got %s", headDim);
    checkArgument(ropeTheta > 0, "rope theta must be positive, got %s", ropeTheta);
  }
}

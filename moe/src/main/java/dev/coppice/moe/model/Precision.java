package dev.coppice.moe.model;

/** The precision of matrix products; weights and their gradients are float32 in either case. */
public enum Precision {
  /** Everything in float32. */
  FLOAT32,
  /** Matrix products and attention in bfloat16; norms, router, losses and sums in float32. */
  BF16_MIXED
}

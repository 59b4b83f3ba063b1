package dev.coppice.growth.plan;

/** The part of the model's function that a growth keeps; from the strongest promise. */
public enum Invariant {
  /** Logits keep every bit. */
  IDENTITY,
  /** Logits keep their values up to the rounding of sums taken in another order. */
  EXACT,
  /** Logits change; training has to recover them. */
  NONE;

  /** What is kept by doing both. */
  Invariant and(Invariant other) {
    return compareTo(other) >= 0 ? this : other;
  }
}

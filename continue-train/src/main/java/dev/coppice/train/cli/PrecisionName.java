package dev.coppice.train.cli;

import dev.coppice.moe.model.Precision;

/** Values of {@code --precision}. */
enum PrecisionName {
  FLOAT32(Precision.FLOAT32),
  BF16(Precision.BF16_MIXED);

  private final Precision precision;

  PrecisionName(Precision precision) {
    this.precision = precision;
  }

  /** The precision that is meant. */
  Precision precision() {
    return precision;
  }
}

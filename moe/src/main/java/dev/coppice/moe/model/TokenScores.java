package dev.coppice.moe.model;

import java.util.Arrays;

/**
 * How well each token's successor was predicted.
 *
 * @param losses cross-entropy, nats, row-major [B, S]; 0 where the label is ignored
 * @param correct whether the likeliest token was the label; false where it is ignored
 */
@SuppressWarnings("ArrayRecordComponent") // a hot path's plain data; see equals
public record TokenScores(float[] losses, boolean[] correct) {
  @Override
  public boolean equals(Object other) {
    return other instanceof TokenScores that
        && Arrays.equals(losses, that.losses)
        && Arrays.equals(correct, that.correct);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(losses) * 31 + Arrays.hashCode(correct);
  }
}

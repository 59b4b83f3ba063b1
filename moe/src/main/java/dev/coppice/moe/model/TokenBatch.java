package dev.coppice.moe.model;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Arrays;

/**
 * Token sequences of one length, with the token that each one should predict.
 *
 * @param ids tokens, row-major [B, S]
 * @param labels what follows each token, row-major [B, S]; {@link #IGNORED} where nothing is to be
 *     learned
 * @param batch sequences B
 * @param sequence tokens of each, S
 */
@SuppressWarnings("ArrayRecordComponent") // a hot path's plain data; see equals
public record TokenBatch(int[] ids, int[] labels, int batch, int sequence) {
  /** The label of a token that counts for nothing. */
  public static final int IGNORED = -100;

  /** Checks that there are tokens, and as many as the shape says. */
  public TokenBatch {
    checkArgument(
        batch > 0 && sequence > 0, "batch must hold tokens, got shape [%s, %s]", batch, sequence);
    long tokens = (long) batch * sequence;
    checkArgument(
        ids.length == tokens,
        "ids must be as many as [%s, %s] says, got %s",
        batch,
        sequence,
        ids.length);
    checkArgument(
        labels.length == tokens,
        "labels must be as many as [%s, %s] says, got %s",
        batch,
        sequence,
        labels.length);
  }

  /**
   * A batch without labels.
   *
   * @param ids tokens, row-major [B, S]
   * @param batch sequences B
   */
  public static TokenBatch unlabelled(int[] ids, int batch) {
    checkArgument(
        batch > 0 && ids.length > 0 && ids.length % batch == 0,
        "tokens must divide evenly into %s sequences, got %s",
        batch,
        ids.length);
    int[] labels = new int[ids.length];
    Arrays.fill(labels, IGNORED);
    return new TokenBatch(ids, labels, batch, ids.length / batch);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TokenBatch that
        && batch == that.batch
        && sequence == that.sequence
        && Arrays.equals(ids, that.ids)
        && Arrays.equals(labels, that.labels);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(ids) * 31 + Arrays.hashCode(labels);
  }
}

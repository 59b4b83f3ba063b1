package dev.coppice.moe.model;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import java.util.Arrays;

/**
 * Token sequences of one length, with the token that each one should predict.
 *
 * @param ids tokens, row-major [B, S]
 * @param labels next token of each token, row-major [B, S]; {@link #IGNORED} where nothing is to be
 *     learned
 * @param batch sequences B
 * @param sequence tokens of each, S
 * @param segments lengths of the runs of tokens that see one another, over all sequences in order;
 *     none for whole sequences. No run leaves its sequence
 */
@SuppressWarnings("ArrayRecordComponent") // a hot path's plain data; see equals
public record TokenBatch(
    int[] ids, int[] labels, int batch, int sequence, ImmutableList<Integer> segments) {
  /** The label of a token that counts for nothing. */
  public static final int IGNORED = -100;

  /** Checks that there are tokens, and as many as the shape says. */
  public TokenBatch {
    checkArgument(
        batch > 0 && sequence > 0, "batch must hold tokens, got shape [%s, %s]", batch, sequence);
    long tokens = (long) batch * sequence;
    checkArgument(
        ids.length == tokens,
        "number of ids must match shape [%s, %s], got %s",
        batch,
        sequence,
        ids.length);
    checkArgument(
        labels.length == tokens,
        "number of labels must match shape [%s, %s], got %s",
        batch,
        sequence,
        labels.length);
    checkSegments(segments, batch, sequence);
  }

  /** Whole sequences. */
  public TokenBatch(int[] ids, int[] labels, int batch, int sequence) {
    this(ids, labels, batch, sequence, ImmutableList.of());
  }

  private static void checkSegments(ImmutableList<Integer> segments, int batch, int sequence) {
    long end = 0;
    for (int length : segments) {
      checkArgument(
          length > 0 && end % sequence + length <= sequence,
          "segments must be positive and lie within a sequence of %s tokens, got %s at token %s",
          sequence,
          length,
          end);
      end += length;
    }
    checkArgument(
        segments.isEmpty() || end == (long) batch * sequence,
        "segments must hold all %s tokens, got %s",
        (long) batch * sequence,
        end);
  }

  /**
   * The batch in shares of whole sequences, as even as can be, in order.
   *
   * @param count shares, at most B
   */
  public ImmutableList<TokenBatch> shares(int count) {
    ImmutableList.Builder<TokenBatch> shares = ImmutableList.builder();
    for (int i = 0; i < count; i++) {
      shares.add(sequences(i * batch / count, (i + 1) * batch / count));
    }
    return shares.build();
  }

  private TokenBatch sequences(int from, int to) {
    int first = from * sequence;
    int last = to * sequence;
    ImmutableList.Builder<Integer> inside = ImmutableList.builder();
    int at = 0;
    for (int length : segments) {
      if (at >= first && at < last) {
        inside.add(length);
      }
      at += length;
    }
    return new TokenBatch(
        Arrays.copyOfRange(ids, first, last),
        Arrays.copyOfRange(labels, first, last),
        to - from,
        sequence,
        inside.build());
  }

  /** Tokens whose label counts. */
  public long counted() {
    return Arrays.stream(labels).filter(label -> label >= 0).count();
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
        && segments.equals(that.segments)
        && Arrays.equals(ids, that.ids)
        && Arrays.equals(labels, that.labels);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(ids) * 31 + Arrays.hashCode(labels);
  }
}

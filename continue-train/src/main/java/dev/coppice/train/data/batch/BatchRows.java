package dev.coppice.train.data.batch;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.model.TokenBatch;
import java.util.Arrays;
import java.util.BitSet;

/** A batch in the making; what is not put is id 0 and label -100. */
public final class BatchRows {
  private final int[] idsBS;
  private final int[] labelsBS;
  private final int batch;
  private final int sequence;
  private final boolean masked;

  /** Places that are the last of a run of tokens that see one another. */
  private final BitSet ends = new BitSet();

  /**
   * An empty batch.
   *
   * @param batch rows B
   * @param sequence tokens of each, S
   * @param masked whether segments are kept, so that documents do not see one another
   */
  public BatchRows(int batch, int sequence, boolean masked) {
    this.idsBS = new int[Math.multiplyExact(batch, sequence)];
    this.labelsBS = new int[idsBS.length];
    this.batch = batch;
    this.sequence = sequence;
    this.masked = masked;
    Arrays.fill(labelsBS, TokenBatch.IGNORED);
  }

  int sequence() {
    return sequence;
  }

  void put(int row, int place, int id, int label) {
    idsBS[row * sequence + place] = id;
    labelsBS[row * sequence + place] = label;
  }

  /** Says that a token is the last of its document. */
  void endSegment(int row, int place) {
    ends.set(row * sequence + place);
  }

  public TokenBatch batch() {
    return new TokenBatch(
        idsBS, labelsBS, batch, sequence, masked ? segments() : ImmutableList.of());
  }

  /** Lengths of the runs; none where every row is one. */
  private ImmutableList<Integer> segments() {
    for (int row = 1; row <= batch; row++) {
      ends.set(row * sequence - 1);
    }
    if (ends.cardinality() == batch) {
      return ImmutableList.of();
    }
    ImmutableList.Builder<Integer> lengths = ImmutableList.builder();
    int from = 0;
    for (int end = ends.nextSetBit(0); end >= 0; end = ends.nextSetBit(end + 1)) {
      lengths.add(end + 1 - from);
      from = end + 1;
    }
    return lengths.build();
  }
}

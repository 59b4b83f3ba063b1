package dev.coppice.moe.text.bpe;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToIntFunction;

/** The merged symbol of two neighbours, and the order of merges; in open addressing. Immutable. */
final class MergeTable {
  /** Rank of a pair that is not merged. */
  static final int NEVER = Integer.MAX_VALUE;

  private static final long FREE = -1;

  private final long[] pairs;
  private final int[] ranks;
  private final int[] ids;
  private final int shift;
  private final boolean whole;

  /**
   * A table.
   *
   * @param merges two symbols with a blank between them, the first to be merged first
   * @param idOf id of a symbol, -1 if there is none
   */
  MergeTable(List<String> merges, ToIntFunction<String> idOf) {
    int bits = 33 - Integer.numberOfLeadingZeros(Math.max(1, merges.size()));
    pairs = new long[1 << bits];
    ranks = new int[pairs.length];
    ids = new int[pairs.length];
    shift = Long.SIZE - bits;
    Arrays.fill(pairs, FREE);
    boolean known = true;
    for (int rank = 0; rank < merges.size(); rank++) {
      String pair = merges.get(rank);
      int blank = pair.indexOf(' ');
      String left = pair.substring(0, blank);
      String right = pair.substring(blank + 1);
      int merged = idOf.applyAsInt(left + right);
      known &= idOf.applyAsInt(left) >= 0 && idOf.applyAsInt(right) >= 0 && merged >= 0;
      int slot = slot(idOf.applyAsInt(left), idOf.applyAsInt(right));
      pairs[slot] = key(idOf.applyAsInt(left), idOf.applyAsInt(right));
      ranks[slot] = rank;
      ids[slot] = merged;
    }
    whole = known;
  }

  /** Whether every merge's symbols have ids. */
  boolean isWhole() {
    return whole;
  }

  /** When a pair is merged, less is earlier, or {@link #NEVER}. */
  int rank(int left, int right) {
    int slot = slot(left, right);
    return pairs[slot] == FREE ? NEVER : ranks[slot];
  }

  /** What a pair becomes that is merged at some time. */
  int merged(int left, int right) {
    return ids[slot(left, right)];
  }

  /** Where a pair is, or would be. */
  private int slot(int left, int right) {
    long key = key(left, right);
    int slot = (int) ((key * 0x9E3779B97F4A7C15L) >>> shift);
    while (pairs[slot] != key && pairs[slot] != FREE) {
      slot = (slot + 1) & (pairs.length - 1);
    }
    return slot;
  }

  private static long key(int left, int right) {
    return ((long) left << 32) | right;
  }
}

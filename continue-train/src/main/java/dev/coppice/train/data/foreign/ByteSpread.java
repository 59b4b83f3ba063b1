package dev.coppice.train.data.foreign;

import java.util.BitSet;

/**
 * Low and high bytes of ids of two bytes, by which ids of the other byte order are known.
 *
 * <p>Ids of a vocabulary of V tokens have at most V / 256 high bytes, and the first ones, but all
 * low bytes. Where it is the other way round, the bytes are swapped: either there are four times as
 * many high bytes as low ones, or nearly all high bytes occur and none of the last low ones does,
 * though there are many tokens. Vocabularies of more than 57,344 tokens are not told.
 */
final class ByteSpread {
  private static final long FEWEST_TOKENS = 1024;
  private static final int FEWEST_HIGH = 64;
  private static final int TIMES = 4;
  private static final long MANY_TOKENS = 1 << 16;
  private static final int NEARLY_ALL = 250;
  private static final int LAST_LOW = 223;

  private final BitSet low = new BitSet(256);
  private final BitSet high = new BitSet(256);
  private long tokens;

  /** Adds an id of at most two bytes. */
  void add(long id) {
    low.set((int) id & 0xFF);
    high.set((int) (id >> Byte.SIZE) & 0xFF);
    tokens++;
  }

  /** Whether the ids must be those of the other byte order. */
  boolean isSwapped() {
    boolean few =
        tokens >= FEWEST_TOKENS
            && high.cardinality() >= FEWEST_HIGH
            && high.cardinality() >= TIMES * low.cardinality();
    boolean first =
        tokens >= MANY_TOKENS && high.cardinality() >= NEARLY_ALL && low.length() - 1 <= LAST_LOW;
    return few || first;
  }

  /** The numbers of different bytes, for a message. */
  String describe() {
    return low.cardinality() + " low bytes and " + high.cardinality() + " high bytes";
  }
}

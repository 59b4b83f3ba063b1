package dev.coppice.growth.bytes;

import dev.coppice.growth.plan.Weave;
import dev.coppice.moe.number.FloatFormat;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;

/**
 * How often each of the 65,536 values of a 16-bit format occurs, from which any sum follows, the
 * same in whatever order the elements came.
 *
 * <p>Counting is one addition to memory an element, half the work of converting and squaring it.
 */
final class ValueCounts implements MeanAndDeviation.Sums {
  private static final int VALUES = 1 << 16;

  /** Words of four elements that are worked on at once. */
  private static final int WORDS = 1024;

  /** Elements after which the 32-bit counts are emptied into those of 64 bits. */
  private static final long FULL = 1L << 30;

  private final FloatFormat format;
  private final long[] words = new long[WORDS];

  /** Two counts a value, so that neighbours of one value need not wait for each other. */
  private final int[] even = new int[VALUES];

  private final int[] odd = new int[VALUES];
  private final long[] counts = new long[VALUES];
  private long sinceEmptied;

  ValueCounts(FloatFormat format) {
    this.format = format;
  }

  @Override
  public void add(FloatFormat same, ByteBuffer bytes, Weave.Piece piece) {
    int done = piece.step() == 1 ? countWords(bytes, piece.offset(), piece.count()) : 0;
    for (int i = done; i < piece.count(); i++) {
      even[Short.toUnsignedInt(bytes.getShort(2 * (piece.offset() + i * piece.step())))]++;
    }
    sinceEmptied += piece.count();
    if (sinceEmptied >= FULL) {
      empty();
    }
  }

  private int countWords(ByteBuffer bytes, int offset, int count) {
    LongBuffer view =
        bytes.slice(2 * offset, 2 * count).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer();
    int total = view.remaining();
    for (int done = 0; done < total; done += WORDS) {
      int part = Math.min(WORDS, total - done);
      view.get(done, words, 0, part);
      count(words, part, even, odd);
    }
    return 4 * total;
  }

  private static void count(long[] words, int part, int[] even, int[] odd) {
    for (int i = 0; i < part; i++) {
      long word = words[i];
      even[(int) word & 0xffff]++;
      odd[(int) (word >>> 16) & 0xffff]++;
      even[(int) (word >>> 32) & 0xffff]++;
      odd[(int) (word >>> 48)]++;
    }
  }

  private void empty() {
    for (int i = 0; i < VALUES; i++) {
      counts[i] += even[i] + (long) odd[i];
      even[i] = 0;
      odd[i] = 0;
    }
    sinceEmptied = 0;
  }

  @Override
  public double squaredDifferences(long count) {
    return sum(2, sum(1, 0) / count);
  }

  @Override
  public double squares(long count) {
    return sum(2, 0);
  }

  /** Sum of a power of the differences from a number, in order of the values' bits. */
  private double sum(int power, double from) {
    ByteBuffer value = ByteBuffer.allocate(Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    double sum = 0;
    for (int i = 0; i < VALUES; i++) {
      long count = counts[i] + even[i] + odd[i];
      if (count > 0) {
        double difference = format.get(value.putShort(0, (short) i), 0) - from;
        sum += count * (power == 1 ? difference : difference * difference);
      }
    }
    return sum;
  }
}

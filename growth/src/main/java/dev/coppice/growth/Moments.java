package dev.coppice.growth;

import java.nio.ByteBuffer;
import java.nio.IntBuffer;

/**
 * Standard deviation and root mean square of a stream of elements, in double precision.
 *
 * <p>Sums are taken of differences from the first element, so that a large mean costs no digits.
 * The same elements in the same order give the same bits, wherever they are cut between blocks of
 * {@value #BLOCK} elements.
 */
final class Moments {
  static final int BLOCK = 8192;
  private static final int PAIRS = BLOCK / 2;

  private final int[] pairs = new int[PAIRS];
  private long count;
  private double pivot;
  private double sum;
  private double squares;

  /**
   * Takes in elements.
   *
   * @param format their format
   * @param bytes the elements, from index 0 to the limit; little-endian
   */
  void add(FloatFormat format, ByteBuffer bytes) {
    int elements = bytes.limit() / format.bytes();
    if (count == 0 && elements > 0) {
      pivot = format.get(bytes, 0);
    }
    int done = format == FloatFormat.BF16 ? addPairs(bytes) : 0;
    for (int i = done; i < elements; i++) {
      addOne(format.get(bytes, i) - pivot);
    }
    count += elements;
  }

  /** Elements taken in. */
  long count() {
    return count;
  }

  /** Unbiased standard deviation (n−1); zero for fewer than two elements. */
  double std() {
    if (count < 2) {
      return 0;
    }
    double variance = (squares - sum / count * sum) / (count - 1);
    return variance < 0 ? 0 : StrictMath.sqrt(variance);
  }

  /** Frobenius norm over the square root of the element count; zero for no element. */
  double rootMeanSquare() {
    if (count == 0) {
      return 0;
    }
    double mean = (squares + 2 * pivot * sum) / count + pivot * pivot;
    return mean < 0 ? 0 : StrictMath.sqrt(mean);
  }

  private void addOne(double difference) {
    sum += difference;
    squares += difference * difference;
  }

  private int addPairs(ByteBuffer bytes) {
    IntBuffer view = bytes.duplicate().order(bytes.order()).position(0).asIntBuffer();
    int total = view.remaining();
    for (int done = 0; done < total; done += PAIRS) {
      int part = Math.min(PAIRS, total - done);
      view.get(done, pairs, 0, part);
      addPairs(part);
    }
    return 2 * total;
  }

  private void addPairs(int part) {
    double lowSum = 0;
    double highSum = 0;
    double lowSquares = 0;
    double highSquares = 0;
    for (int i = 0; i < part; i++) {
      double low = Float.intBitsToFloat(pairs[i] << 16) - pivot;
      double high = Float.intBitsToFloat(pairs[i] & 0xffff0000) - pivot;
      lowSum += low;
      highSum += high;
      lowSquares += low * low;
      highSquares += high * high;
    }
    sum += lowSum + highSum;
    squares += lowSquares + highSquares;
  }
}

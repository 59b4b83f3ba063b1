package dev.coppice.train.data.batch;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.ImmutableLongArray;
import java.util.List;

/**
 * Which part each draw comes from, so that every beginning of the draws has the parts in their
 * shares: draw c is a function of c alone.
 *
 * <p>The parts are halved again and again into a tree. At a fork of weights a and b, the first n
 * draws hold {@code floor((n·a + a/2) / (a + b))} of the left branch, which is never wrong by one;
 * a branch counts its own draws in the same way. After any number of draws a part's count is off
 * its share by less than the depth of the tree, {@code ceil(log2(parts))}.
 *
 * <p><b>Source</b>: a fork is a Sturmian word (Morse and Hedlund, "Symbolic dynamics II", 1940).
 */
public final class Mixture {
  private static final long RESOLUTION = 1L << 30;

  /** Sums of the integer weights before each part, and of all. */
  private final ImmutableLongArray sums;

  private Mixture(ImmutableLongArray sums) {
    this.sums = sums;
  }

  /**
   * A mixture. Shares are kept to one part in 2^30; none is less.
   *
   * @param weights of the parts; positive and finite
   */
  public static Mixture of(List<Double> weights) {
    double total = weights.stream().mapToDouble(Double::doubleValue).sum();
    ImmutableLongArray.Builder sums = ImmutableLongArray.builder();
    long sum = 0;
    sums.add(sum);
    for (double weight : weights) {
      checkArgument(
          weight > 0 && Double.isFinite(weight),
          "weight must be positive and finite, got %s",
          weight);
      sum += Math.max(1, Math.round(weight / total * RESOLUTION));
      sums.add(sum);
    }
    return new Mixture(sums.build());
  }

  /**
   * A draw.
   *
   * @param part it comes from
   * @param counter draws from that part before it
   */
  record Draw(int part, long counter) {}

  /**
   * The draw at a count.
   *
   * @param counter draws before it, over all parts
   */
  Draw at(long counter) {
    int from = 0;
    int to = sums.length() - 1;
    long count = counter;
    while (to - from > 1) {
      int middle = (from + to) >>> 1;
      long left = sums.get(middle) - sums.get(from);
      long all = sums.get(to) - sums.get(from);
      long before = share(count, left, all);
      if (share(count + 1, left, all) > before) {
        to = middle;
        count = before;
      } else {
        from = middle;
        count -= before;
      }
    }
    return new Draw(from, count);
  }

  /** Draws of the left branch among the first {@code count}. */
  private static long share(long count, long left, long all) {
    return count / all * left + (count % all * left + left / 2) / all;
  }
}

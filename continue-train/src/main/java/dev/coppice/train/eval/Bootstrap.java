package dev.coppice.train.eval;

import static com.google.common.base.Preconditions.checkArgument;

import dev.coppice.moe.random.KeyedHash;
import java.util.Arrays;

/**
 * The percentile bootstrap of a ratio of sums: units are drawn with replacement, as many as there
 * are, and the middle 95 % of the resampled ratios is the interval.
 *
 * <p>Every draw is a function of seed, resample and place, so that two models with one text are
 * resampled alike. <b>Source</b>: Efron and Tibshirani, "An introduction to the bootstrap", 1993,
 * chapter 13.
 */
final class Bootstrap {
  private static final double TAIL = 0.025;

  private final double[] sums;
  private final long[] counts;

  /**
   * Units to draw from.
   *
   * @param sums numerator of each unit
   * @param counts denominator of each unit; positive
   */
  Bootstrap(double[] sums, long[] counts) {
    checkArgument(
        sums.length == counts.length && sums.length > 0,
        "bootstrap must have as many sums as counts, got %s and %s",
        sums.length,
        counts.length);
    this.sums = sums;
    this.counts = counts;
  }

  /**
   * The interval.
   *
   * @param resamples how many
   * @param seed which ones
   * @return lower and upper end
   */
  double[] interval(int resamples, long seed) {
    double[] ratios = new double[resamples];
    for (int r = 0; r < resamples; r++) {
      ratios[r] = resample(KeyedHash.of(seed, r));
    }
    Arrays.sort(ratios);
    return new double[] {quantile(ratios, TAIL), quantile(ratios, 1 - TAIL)};
  }

  private double resample(long key) {
    double sum = 0;
    long count = 0;
    for (int i = 0; i < sums.length; i++) {
      int drawn = (int) KeyedHash.below(KeyedHash.of(key, i), sums.length);
      sum += sums[drawn];
      count += counts[drawn];
    }
    return sum / count;
  }

  private static double quantile(double[] sorted, double share) {
    double place = share * (sorted.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }
}

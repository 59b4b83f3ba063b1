package dev.coppice.train.data;

/**
 * Random numbers without a state: each is a function of a seed and of what it is for, so that
 * nothing has to be saved to draw the same ones again.
 *
 * <p><b>Source</b>: the finaliser of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom
 * number generators", OOPSLA 2014).
 */
public final class KeyedHash {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private KeyedHash() {}

  /**
   * 64 random bits.
   *
   * @param seed of the run
   * @param parts what the number is for, such as a purpose and a counter
   */
  public static long of(long seed, long... parts) {
    long hash = mix(seed + GOLDEN_GAMMA);
    for (long part : parts) {
      hash = mix((hash ^ part) + GOLDEN_GAMMA);
    }
    return hash;
  }

  /**
   * A number in {@code 0..bound-1}, uniform but for a bias below {@code bound / 2^63}.
   *
   * @param hash 64 random bits
   * @param bound positive, below 2^62
   */
  public static long below(long hash, long bound) {
    return Math.multiplyHigh(hash >>> 1, bound << 1);
  }

  private static long mix(long value) {
    long z = value;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}

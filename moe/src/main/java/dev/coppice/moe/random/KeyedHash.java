package dev.coppice.moe.random;

/**
 * Random numbers without a state: each is a function of a seed and of what it is for, so that
 * nothing has to be saved to draw the same ones again.
 *
 * <p>The hash is a chain of {@link SplitMix64}, a link a part.
 */
public final class KeyedHash {
  private KeyedHash() {}

  /**
   * 64 random bits.
   *
   * @param seed of the run
   * @param parts what the number is for, such as a purpose and a counter
   */
  public static long of(long seed, long... parts) {
    long hash = SplitMix64.at(seed, 1);
    for (long part : parts) {
      hash = SplitMix64.at(hash ^ part, 1);
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
}

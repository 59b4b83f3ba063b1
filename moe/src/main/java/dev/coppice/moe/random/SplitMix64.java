package dev.coppice.moe.random;

/**
 * The sequence of SplitMix64, of which any number is computed from its place alone.
 *
 * <p><b>Source</b>: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA
 * 2014; the numbers are those of {@link java.util.SplittableRandom}.
 */
public final class SplitMix64 {
  private static final long GAMMA = 0x9e3779b97f4a7c15L;

  private SplitMix64() {}

  /**
   * 64 random bits of a sequence.
   *
   * @param seed where the sequence starts
   * @param place of the number; 1 is the first that the generator gives, any place is allowed
   */
  public static long at(long seed, long place) {
    long z = seed + place * GAMMA;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  /**
   * A number in [0, 1), of the upper 53 bits.
   *
   * @param bits 64 random bits
   */
  public static double unit(long bits) {
    return (bits >>> 11) * 0x1p-53;
  }
}

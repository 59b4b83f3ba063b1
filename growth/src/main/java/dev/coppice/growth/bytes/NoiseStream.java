package dev.coppice.growth.bytes;

import com.google.common.hash.Hashing;
import dev.coppice.growth.plan.NoiseKey;
import dev.coppice.moe.random.SplitMix64;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * An endless row of standard normal numbers, each computed from its index alone.
 *
 * <p>Numbers 4q to 4q+3 come from the four quarters of one 64-bit hash of q (the finaliser of
 * SplittableRandom), lowest first; a number in a tail takes 32 more bits, from the hash of
 * −1−index. The start of the sequence is SHA-256 of seed, layer, expert, projection and level, so
 * that no two streams meet.
 */
final class NoiseStream {
  /** The sign apart, bits of the four cells in a hash. */
  private static final long SIZES = 0xfffe_fffe_fffe_fffeL;

  private final long start;

  /**
   * A stream.
   *
   * @param seed the plan's seed
   * @param layer layer of the output tensor, if it has one
   * @param key what the numbers are for
   */
  NoiseStream(long seed, OptionalInt layer, NoiseKey key) {
    String name =
        String.format(
            Locale.ROOT,
            "coppice-noise-2/%d/%d/%d/%s/%d",
            seed,
            layer.orElse(-1),
            key.expert(),
            key.projection(),
            key.level());
    start = Hashing.sha256().hashString(name, StandardCharsets.UTF_8).asLong();
  }

  /** Number {@code index}. */
  float at(long index) {
    int cell = (int) (hash(index >>> 2) >>> (16 * (index & 3))) & (Gaussian.CELLS - 1);
    return Gaussian.isTail(cell) ? tail(index, cell) : Gaussian.cells()[cell];
  }

  /**
   * Many numbers in order, those at even and at odd places apart.
   *
   * @param first index of the first one; a multiple of 4
   * @param hashes room for a hash for every four numbers; as many are drawn
   * @param even receives numbers first, first + 2, ...
   * @param odd receives numbers first + 1, first + 3, ...
   */
  void fill(long first, long[] hashes, float[] even, float[] odd) {
    hash(first >>> 2, hashes);
    look(hashes, even, odd);
    if (anyTail(hashes)) {
      for (int i = 0; i < even.length; i++) {
        redraw(first + 2L * i, hashes, even, i);
        redraw(first + 2L * i + 1, hashes, odd, i);
      }
    }
  }

  // The loops of fill are methods of their own since the compiler turns each into vectors.

  private void hash(long quad, long[] hashes) {
    for (int i = 0; i < hashes.length; i++) {
      hashes[i] = hash(quad + i);
    }
  }

  private static void look(long[] hashes, float[] even, float[] odd) {
    float[] cells = Gaussian.cells();
    for (int i = 0; i < hashes.length; i++) {
      long hash = hashes[i];
      even[2 * i] = cells[(int) hash & 0xffff];
      odd[2 * i] = cells[(int) (hash >>> 16) & 0xffff];
      even[2 * i + 1] = cells[(int) (hash >>> 32) & 0xffff];
      odd[2 * i + 1] = cells[(int) (hash >>> 48)];
    }
  }

  /** Whether a quarter of a hash is zero but for its sign: the carry of a subtraction shows it. */
  private static boolean anyTail(long[] hashes) {
    long any = 0;
    for (long hash : hashes) {
      long sizes = hash & SIZES;
      any |= sizes - 0x0001_0001_0001_0001L & ~sizes;
    }
    return (any & 0x8000_8000_8000_8000L) != 0;
  }

  private void redraw(long index, long[] hashes, float[] numbers, int place) {
    int cell = (int) (hashes[place >> 1] >>> (16 * (index & 3))) & (Gaussian.CELLS - 1);
    if (Gaussian.isTail(cell)) {
      numbers[place] = tail(index, cell);
    }
  }

  private float tail(long index, int cell) {
    return Gaussian.tail(cell, (int) (hash(~index) >>> 32));
  }

  private long hash(long place) {
    return SplitMix64.at(start, place);
  }
}

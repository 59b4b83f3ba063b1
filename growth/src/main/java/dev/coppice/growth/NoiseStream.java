package dev.coppice.growth;

import com.google.common.hash.Hashing;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * An endless row of standard normal numbers, each computed from its index alone.
 *
 * <p>Numbers 2p and 2p+1 come from the two halves of one 64-bit hash of p (the finaliser of
 * SplittableRandom); the start of the sequence is SHA-256 of seed, layer, expert, projection and
 * level, so that no two streams meet.
 */
final class NoiseStream {
  private static final long GAMMA = 0x9e3779b97f4a7c15L;

  /** Elements of bf16 that are worked on at once, in 32-bit pairs. */
  private static final int PAIRS = 1024;

  private final long start;
  private final int[] pairs = new int[PAIRS];

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
            "coppice-noise-1/%d/%d/%d/%s/%d",
            seed,
            layer.orElse(-1),
            key.expert(),
            key.projection(),
            key.level());
    start = Hashing.sha256().hashString(name, StandardCharsets.UTF_8).asLong();
  }

  /** Number {@code index}. */
  float at(long index) {
    long hash = hash(index >>> 1);
    return Gaussian.of((int) ((index & 1) == 0 ? hash : hash >>> 32));
  }

  /**
   * Adds scaled numbers to elements of one matrix, with one rounding each.
   *
   * @param format format of the elements
   * @param bytes a stretch of elements, from index 0; little-endian
   * @param piece which of them, and which numbers they get
   * @param scale what the numbers are multiplied with
   */
  void add(FloatFormat format, ByteBuffer bytes, Weave.Piece piece, float scale) {
    boolean inOrder = piece.step() == 1 && piece.indexStep() == 1;
    int done = inOrder && format == FloatFormat.BF16 ? addPairs(bytes, piece, scale) : 0;
    for (int i = done; i < piece.count(); i++) {
      int at = piece.offset() + i * piece.step();
      float number = at(piece.index() + i * piece.indexStep());
      format.put(bytes, at, format.get(bytes, at) + scale * number);
    }
  }

  /** The same for neighbouring pairs of bf16, several times faster; returns the elements done. */
  private int addPairs(ByteBuffer bytes, Weave.Piece piece, float scale) {
    if ((piece.index() & 1) != 0) {
      return 0;
    }
    int size = FloatFormat.BF16.bytes();
    IntBuffer view =
        bytes.slice(piece.offset() * size, piece.count() * size).order(bytes.order()).asIntBuffer();
    int total = view.remaining();
    for (int done = 0; done < total; done += PAIRS) {
      int count = Math.min(PAIRS, total - done);
      view.get(done, pairs, 0, count);
      addPairs(count, (piece.index() >>> 1) + done, scale);
      view.put(done, pairs, 0, count);
    }
    return 2 * total;
  }

  private void addPairs(int count, long firstPair, float scale) {
    for (int i = 0; i < count; i++) {
      long hash = hash(firstPair + i);
      int pair = pairs[i];
      float low = Float.intBitsToFloat(pair << 16) + scale * Gaussian.of((int) hash);
      float high =
          Float.intBitsToFloat(pair & 0xffff0000) + scale * Gaussian.of((int) (hash >>> 32));
      pairs[i] =
          (FloatFormat.roundToBf16(low) >>> 16) | (FloatFormat.roundToBf16(high) & 0xffff0000);
    }
  }

  private long hash(long pair) {
    long z = start + pair * GAMMA;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}

package dev.coppice.moe.parameter;

import com.google.common.hash.Hashing;
import dev.coppice.moe.family.TensorRole;
import dev.coppice.moe.number.NormalQuantile;
import dev.coppice.moe.parameter.ParameterLayout.Piece;
import dev.coppice.moe.random.SplitMix64;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * First weights: matrices, sinks and router biases from N(0, σ²), norms 1, other biases 0, as
 * transformers does.
 *
 * <p>The generator has no state: an element follows from the seed, its tensor's name and its index,
 * so threads and layout change nothing, and the same seed gives the same bits everywhere.
 *
 * <p>Bits come from {@link SplitMix64}, and become normal by {@link NormalQuantile}.
 */
public final class FreshWeights {
  private static final int STRETCH = 1 << 20;

  private FreshWeights() {}

  /** The initial values of a tensor. */
  private enum Start {
    ONE,
    ZERO,
    NORMAL
  }

  /**
   * Fills all parameters.
   *
   * @param parameters what is filled
   * @param seed any number
   * @param deviation σ of matrices
   */
  public static void fill(Parameters parameters, long seed, double deviation) {
    for (Map.Entry<String, Piece> entry : parameters.layout().pieces().entrySet()) {
      Piece piece = entry.getValue();
      switch (start(piece.role())) {
        case ONE -> fillWith(parameters, piece, 1f);
        case ZERO -> fillWith(parameters, piece, 0f);
        case NORMAL -> fill(parameters, piece, key(seed, entry.getKey()), deviation);
      }
    }
  }

  private static Start start(TensorRole role) {
    return switch (role) {
      case FINAL_NORM, INPUT_NORM, POST_ATTENTION_NORM, QUERY_NORM, KEY_NORM -> Start.ONE;
      case QUERY_BIAS,
          KEY_BIAS,
          VALUE_BIAS,
          OUTPUT_BIAS,
          QUERY_DOWN_BIAS,
          KEY_VALUE_DOWN_BIAS,
          SELECTION_BIAS,
          EXPERTS_GATE_UP_BIAS,
          EXPERTS_DOWN_BIAS ->
          Start.ZERO;
      default -> Start.NORMAL;
    };
  }

  private static void fillWith(Parameters parameters, Piece piece, float value) {
    fill(parameters, piece, element -> value);
  }

  private static void fill(Parameters parameters, Piece piece, long key, double deviation) {
    fill(
        parameters,
        piece,
        element -> (float) (deviation * NormalQuantile.ofBits(SplitMix64.at(key, element))));
  }

  /** The value of an element of a piece. */
  private interface Value {
    float at(long element);
  }

  private static void fill(Parameters parameters, Piece piece, Value value) {
    for (long offset = 0; offset < piece.elements(); offset += STRETCH) {
      long start = offset;
      int count = (int) Math.min(STRETCH, piece.elements() - start);
      parameters.upload(
          piece.slot(),
          piece.offset() + start,
          count,
          memory -> {
            FloatBuffer floats = memory.asFloatBuffer();
            IntStream.range(0, count).parallel().forEach(i -> floats.put(i, value.at(start + i)));
          });
    }
  }

  private static long key(long seed, String name) {
    return Hashing.sha256()
        .newHasher()
        .putLong(seed)
        .putString(name, StandardCharsets.UTF_8)
        .hash()
        .asLong();
  }
}

package dev.coppice.moe.model;

import com.google.common.hash.Hashing;
import dev.coppice.moe.family.TensorRole;
import dev.coppice.moe.model.ParameterLayout.Piece;
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
 * <p><b>Source</b>: the mixer is SplitMix64 (Steele, Lea, Flood 2014); the normal quantile is
 * algorithm AS 241 (Wichura 1988), to 1e-16.
 */
@SuppressWarnings("FloatingPointLiteralPrecision") // the digits of the source
final class FreshWeights {
  private static final int STRETCH = 1 << 20;
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  private static final double[] CENTRE_TOP = {
    3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
    1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
    3.3430575583588128105e4, 2.5090809287301226727e3
  };
  private static final double[] CENTRE_BOTTOM = {
    1.0,
    4.2313330701600911252e1,
    6.8718700749205790830e2,
    5.3941960214247511077e3,
    2.1213794301586595867e4,
    3.9307895800092710610e4,
    2.8729085735721942674e4,
    5.2264952788528545610e3
  };
  private static final double[] SHOULDER_TOP = {
    1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
    3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
    2.27238449892691845833e-2, 7.74545014278341407640e-4
  };
  private static final double[] SHOULDER_BOTTOM = {
    1.0,
    2.05319162663775882187e0,
    1.67638483018380384940e0,
    6.89767334985100004550e-1,
    1.48103976427480074590e-1,
    1.51986665636164571966e-2,
    5.47593808499534494600e-4,
    1.05075007164441684324e-9
  };
  private static final double[] TAIL_TOP = {
    6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
    2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
    2.71155556874348757815e-5, 2.01033439929228813265e-7
  };
  private static final double[] TAIL_BOTTOM = {
    1.0,
    5.99832206555887937690e-1,
    1.36929880922735805310e-1,
    1.48753612908506148525e-2,
    7.86869131145613259100e-4,
    1.84631831751005468180e-5,
    1.42151175831644588870e-7,
    2.04426310338993978564e-15
  };

  private FreshWeights() {}

  /** What a tensor starts from. */
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
  static void fill(Parameters parameters, long seed, double deviation) {
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
    FloatBuffer memory = memory(parameters, piece, 0, piece.elements());
    IntStream.range(0, memory.limit()).forEach(i -> memory.put(i, value));
  }

  private static void fill(Parameters parameters, Piece piece, long key, double deviation) {
    int stretches = (int) ((piece.elements() + STRETCH - 1) / STRETCH);
    FloatBuffer[] memory = new FloatBuffer[stretches];
    for (int i = 0; i < stretches; i++) {
      long offset = (long) i * STRETCH;
      memory[i] = memory(parameters, piece, offset, Math.min(STRETCH, piece.elements() - offset));
    }
    IntStream.range(0, stretches)
        .parallel()
        .forEach(
            i -> {
              for (int j = 0; j < memory[i].limit(); j++) {
                double normal = normal(mix(key + ((long) i * STRETCH + j) * GOLDEN));
                memory[i].put(j, (float) (deviation * normal));
              }
            });
  }

  private static FloatBuffer memory(Parameters parameters, Piece piece, long offset, long count) {
    return parameters.map(piece.slot(), piece.offset() + offset, count).asFloatBuffer();
  }

  private static long key(long seed, String name) {
    return Hashing.sha256()
        .newHasher()
        .putLong(seed)
        .putString(name, StandardCharsets.UTF_8)
        .hash()
        .asLong();
  }

  private static long mix(long z) {
    long a = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    long b = (a ^ (a >>> 27)) * 0x94d049bb133111ebL;
    return b ^ (b >>> 31);
  }

  /** The standard normal quantile of 53 random bits. */
  static double normal(long bits) {
    double q = ((bits >>> 11) + 0.5) * 0x1p-53 - 0.5;
    if (Math.abs(q) <= 0.425) {
      double r = 0.180625 - q * q;
      return q * polynomial(CENTRE_TOP, r) / polynomial(CENTRE_BOTTOM, r);
    }
    double r = Math.sqrt(-StrictMath.log(0.5 - Math.abs(q)));
    double size =
        r <= 5
            ? polynomial(SHOULDER_TOP, r - 1.6) / polynomial(SHOULDER_BOTTOM, r - 1.6)
            : polynomial(TAIL_TOP, r - 5) / polynomial(TAIL_BOTTOM, r - 5);
    return Math.copySign(size, q);
  }

  private static double polynomial(double[] coefficients, double x) {
    double sum = 0;
    for (int i = coefficients.length - 1; i >= 0; i--) {
      sum = sum * x + coefficients[i];
    }
    return sum;
  }
}

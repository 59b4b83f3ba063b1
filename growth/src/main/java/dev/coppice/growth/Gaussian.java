package dev.coppice.growth;

/**
 * Turns 32 random bits into one standard normal number, by the quantile function in tables.
 *
 * <p>Number {@code h} stands for the probability {@code (h + ½)/2³²}. Between 1/64 and 63/64 the
 * quantile is interpolated over 2048 equal steps, in the tails over 64 steps an octave, down to
 * single values: the largest error is about 5e-5, the largest number 6.3. Only float32
 * multiplications and additions are done, so that every machine gets the same bits.
 */
final class Gaussian {
  private static final int STEP_BITS = 21;
  private static final int STEPS = 1 << (32 - STEP_BITS);
  private static final int STEP_MASK = (1 << STEP_BITS) - 1;

  /** Steps at either end that the tail tables answer for. */
  private static final int TAIL_STEPS = STEPS / 64;

  private static final int OCTAVE_BITS = 6;
  private static final int SINGLES = 1 << OCTAVE_BITS;
  private static final int OCTAVES = 32 - 6 - OCTAVE_BITS;

  private static final float[] BASE = new float[STEPS];
  private static final float[] SLOPE = new float[STEPS];
  private static final float[] TAIL_BASE = new float[SINGLES + OCTAVES * SINGLES];
  private static final float[] TAIL_SLOPE = new float[SINGLES + OCTAVES * SINGLES];

  static {
    for (int step = TAIL_STEPS; step < STEPS - TAIL_STEPS; step++) {
      fill(BASE, SLOPE, step, (long) step << STEP_BITS, 1L << STEP_BITS);
    }
    for (int single = 0; single < SINGLES; single++) {
      TAIL_BASE[single] = (float) quantile(single);
    }
    for (int octave = 0; octave < OCTAVES; octave++) {
      for (int part = 0; part < SINGLES; part++) {
        long from = (long) (SINGLES + part) << octave;
        fill(TAIL_BASE, TAIL_SLOPE, SINGLES * (1 + octave) + part, from, 1L << octave);
      }
    }
  }

  private Gaussian() {}

  /**
   * The normal number of 32 bits.
   *
   * @param bits uniformly random, read as unsigned
   */
  static float of(int bits) {
    int step = bits >>> STEP_BITS;
    if (((step + TAIL_STEPS) & (STEPS - 1)) < 2 * TAIL_STEPS) {
      return bits < 0 ? -tail(~bits) : tail(bits);
    }
    return BASE[step] + (bits & STEP_MASK) * SLOPE[step];
  }

  /** The lower tail; bits below 2²⁶. */
  private static float tail(int bits) {
    if (bits < SINGLES) {
      return TAIL_BASE[bits];
    }
    int octave = 31 - OCTAVE_BITS - Integer.numberOfLeadingZeros(bits);
    int entry = SINGLES * octave + (bits >>> octave);
    return TAIL_BASE[entry] + (bits & ((1 << octave) - 1)) * TAIL_SLOPE[entry];
  }

  private static void fill(float[] bases, float[] slopes, int entry, long from, long count) {
    double low = quantile(from);
    double high = quantile(from + count);
    bases[entry] = (float) low;
    slopes[entry] = (float) ((high - low) / count);
  }

  private static double quantile(long bits) {
    return NormalQuantile.of((bits + 0.5) * 0x1p-32);
  }
}

package dev.coppice.moe.spec;

import static com.google.common.base.Preconditions.checkArgument;

/** How rotary frequencies are stretched so that a model reads longer texts than it began with. */
public sealed interface RopeScaling {

  /**
   * Angle a position, of each pair: [width/2], radians.
   *
   * @param width elements that turn; even
   * @param theta base of the frequencies
   * @param sequence tokens of the text
   */
  float[] inverseFrequencies(int width, double theta, int sequence);

  /** Factor on cosines and sines. */
  default double magnitude() {
    return 1;
  }

  /** Frequencies as they are: theta to the power of −2i/width. */
  record None() implements RopeScaling {
    @Override
    public float[] inverseFrequencies(int width, double theta, int sequence) {
      float[] frequencies = new float[width / 2];
      for (int i = 0; i < frequencies.length; i++) {
        float power = (float) (2 * i) / width;
        frequencies[i] = 1 / (float) Math.pow(theta, power);
      }
      return frequencies;
    }
  }

  /**
   * All frequencies are divided by a factor.
   *
   * @param factor what positions are divided by
   */
  record Linear(double factor) implements RopeScaling {
    /** Checks that the factor is at least 1. */
    public Linear {
      checkFactor(factor);
    }

    @Override
    public float[] inverseFrequencies(int width, double theta, int sequence) {
      float[] frequencies = new None().inverseFrequencies(width, theta, sequence);
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] /= (float) factor;
      }
      return frequencies;
    }
  }

  /**
   * The base grows with texts longer than the first ones.
   *
   * <p><b>Differs</b> from transformers in that it has no memory: there, a text after a longer one
   * may keep that one's base.
   *
   * @param factor how far texts are stretched
   * @param originalPositions longest text of the first training
   */
  record Dynamic(double factor, int originalPositions) implements RopeScaling {
    /** Checks that both are positive. */
    public Dynamic {
      checkFactor(factor);
      checkPositions(originalPositions);
    }

    @Override
    public float[] inverseFrequencies(int width, double theta, int sequence) {
      checkArgument(width > 2, "rotary width must be above 2 to scale, got %s", width);
      double length = Math.max(sequence, originalPositions);
      double stretch = factor * length / originalPositions - (factor - 1);
      double base = theta * Math.pow(stretch, width / (width - 2.0));
      return new None().inverseFrequencies(width, base, sequence);
    }
  }

  /**
   * High frequencies stay, low ones are divided by a factor, those between are mixed.
   *
   * <p><b>Source</b>: YaRN, arXiv 2309.00071.
   *
   * @param factor how far texts are stretched
   * @param betaFast turns within the original length from which a frequency stays
   * @param betaSlow turns below which it is divided
   * @param originalPositions longest text of the first training
   * @param attentionFactor factor on cosines and sines
   * @param truncate whether the mixed range begins and ends at whole pairs
   */
  record Yarn(
      double factor,
      double betaFast,
      double betaSlow,
      int originalPositions,
      double attentionFactor,
      boolean truncate)
      implements RopeScaling {
    /** Checks signs. */
    public Yarn {
      checkFactor(factor);
      checkPositions(originalPositions);
      checkArgument(
          betaSlow > 0 && betaFast >= betaSlow && Double.isFinite(betaFast),
          "rope beta_fast must be at least beta_slow and that positive, got %s and %s",
          betaFast,
          betaSlow);
      checkArgument(
          attentionFactor > 0 && Double.isFinite(attentionFactor),
          "rope attention_factor must be positive, got %s",
          attentionFactor);
    }

    @Override
    public float[] inverseFrequencies(int width, double theta, int sequence) {
      double low = correctionDim(betaFast, width, theta);
      double high = correctionDim(betaSlow, width, theta);
      double from = Math.max(truncate ? Math.floor(low) : low, 0);
      double to = Math.min(truncate ? Math.ceil(high) : high, width - 1);
      double span = from == to ? 0.001 : to - from;
      float[] frequencies = new float[width / 2];
      for (int i = 0; i < frequencies.length; i++) {
        float turn = (float) Math.pow(theta, (float) (2 * i) / width);
        float ramp = Math.min(1, Math.max(0, (i - (float) from) / (float) span));
        float kept = 1 - ramp;
        frequencies[i] = 1 / ((float) factor * turn) * (1 - kept) + 1 / turn * kept;
      }
      return frequencies;
    }

    private double correctionDim(double turns, int width, double theta) {
      return width * Math.log(originalPositions / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
    }

    @Override
    public double magnitude() {
      return attentionFactor;
    }
  }

  /**
   * Long wavelengths are divided by a factor, short ones stay, those between are mixed.
   *
   * @param factor how far texts are stretched
   * @param low original length over this is the shortest wavelength that is divided
   * @param high original length over this is the longest wavelength that stays
   * @param originalPositions longest text of the first training
   */
  record Llama3(double factor, double low, double high, int originalPositions)
      implements RopeScaling {
    /** Checks signs and order. */
    public Llama3 {
      checkFactor(factor);
      checkPositions(originalPositions);
      checkArgument(
          low > 0 && high > low && Double.isFinite(high),
          "rope high_freq_factor must be above low_freq_factor and that positive, got %s and %s",
          high,
          low);
    }

    @Override
    public float[] inverseFrequencies(int width, double theta, int sequence) {
      float[] frequencies = new None().inverseFrequencies(width, theta, sequence);
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] = scaled(frequencies[i]);
      }
      return frequencies;
    }

    private float scaled(float frequency) {
      float wavelength = (float) (2 * Math.PI) / frequency;
      if (wavelength > originalPositions / low) {
        return frequency / (float) factor;
      }
      if (wavelength < originalPositions / high) {
        return frequency;
      }
      float smooth = (originalPositions / wavelength - (float) low) / (float) (high - low);
      return (1 - smooth) * frequency / (float) factor + smooth * frequency;
    }
  }

  private static void checkFactor(double factor) {
    checkArgument(
        factor >= 1 && Double.isFinite(factor), "rope factor must be at least 1, got %s", factor);
  }

  private static void checkPositions(int positions) {
    checkArgument(
        positions > 0, "original_max_position_embeddings must be positive, got %s", positions);
  }
}

package dev.coppice.moe.spec;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * Rotary positions: pairs of a head's elements turn by an angle of position times frequency.
 *
 * <p><b>Source</b>: arXiv 2104.09864; frequencies are computed in float32 in the order in which
 * {@code modeling_rope_utils.py} of transformers 5.18 does.
 *
 * @param width leading elements of a head that turn; even, the others pass
 * @param theta base of the frequencies
 * @param interleaved whether pair i is elements 2i and 2i+1, instead of i and i + width/2
 * @param scaling what stretches it over longer texts
 */
public record RopeSpec(int width, double theta, boolean interleaved, RopeScaling scaling) {
  /** Checks that there are pairs and a base. */
  public RopeSpec {
    checkArgument(width > 0 && width % 2 == 0, "rotary width must be even, got %s", width);
    checkArgument(
        theta > 0 && Double.isFinite(theta), "rope theta must be positive, got %s", theta);
  }

  /** Halves turn against each other, unscaled. */
  public static RopeSpec plain(int width, double theta) {
    return new RopeSpec(width, theta, false, new RopeScaling.None());
  }

  /**
   * Angle a position, of each pair: [width/2], radians.
   *
   * @param sequence tokens of the text, which some scalings depend on
   */
  public float[] inverseFrequencies(int sequence) {
    return scaling.inverseFrequencies(width, theta, sequence);
  }

  /** Factor on cosines and sines. */
  public double magnitude() {
    return scaling.magnitude();
  }
}

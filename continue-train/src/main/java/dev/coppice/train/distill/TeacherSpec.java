package dev.coppice.train.distill;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * Kickstarting: an older model's distribution is a second target, whose weight falls to zero.
 *
 * <p>The loss is cross-entropy and {@code weight · temperature² · KL(teacher || student)}. Once the
 * weight is zero the teacher is not run, and costs nothing.
 *
 * <p><b>Source</b>: Schmitt et al., arXiv 1803.03835, section 3, whose weight is annealed likewise;
 * temperature as in Hinton et al., arXiv 1503.02531, section 2. <b>Differs</b>: over tokens of text
 * instead of actions.
 *
 * @param checkpoint folder of the teacher, absolute
 * @param temperature that both distributions are softened by; positive
 * @param weight at the start; positive
 * @param fall how the weight falls
 * @param until share of the budget at which it reaches zero, in (0, 1]
 * @param top the teacher's likeliest tokens that count; 0 for its whole distribution
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record TeacherSpec(
    String checkpoint, double temperature, double weight, Fall fall, double until, int top) {
  /** How a weight falls to zero. */
  public enum Fall {
    /** It stays, then is zero at once. */
    CONSTANT,
    /** In a straight line. */
    LINEAR,
    /** Along half a cosine. */
    COSINE
  }

  /** Checks ranges. */
  public TeacherSpec {
    checkArgument(
        temperature > 0 && Double.isFinite(temperature),
        "teacher temperature must be positive, got %s",
        temperature);
    checkArgument(
        weight > 0 && Double.isFinite(weight), "teacher weight must be positive, got %s", weight);
    checkArgument(until > 0 && until <= 1, "teacher's share must lie in (0, 1], got %s", until);
    checkArgument(top >= 0, "teacher's top tokens must be at least 0, got %s", top);
  }

  /**
   * Weight 1 falling in a straight line to zero at half the budget, temperature 1, all tokens.
   *
   * @param checkpoint folder of the teacher
   */
  public static TeacherSpec of(String checkpoint) {
    return new TeacherSpec(checkpoint, 1, 1, Fall.LINEAR, 0.5, 0);
  }

  /**
   * The weight.
   *
   * @param spentShare of the budget, in [0, 1]
   * @return in [0, weight]; 0 from {@code until} on
   */
  public double at(double spentShare) {
    double done = Math.max(0, spentShare) / until;
    if (done >= 1) {
      return 0;
    }
    return switch (fall) {
      case CONSTANT -> weight;
      case LINEAR -> weight * (1 - done);
      case COSINE -> weight * (1 + Math.cos(Math.PI * done)) / 2;
    };
  }
}

package dev.coppice.moe.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableSet;
import org.junit.jupiter.api.Test;

class TokenChoiceTest {
  private static final int DRAWS = 40_000;

  /** Natural logarithms of 0.4, 0.05, 0.3, 0.05, 0.2 and a constant that must not matter. */
  private static final float[] LOGITS = logits(0.4, 0.05, 0.3, 0.05, 0.2);

  @Test
  void zeroTemperatureTakesTheFirstOfTheLargest() {
    assertThat(choice(0, 0, 1, 9).next(new float[] {-3, 2, 2, -7}, 5)).isEqualTo(1);
    assertThat(choice(0, 0, 1, 9).next(new float[] {-3, -2, -2.5f}, 5)).isEqualTo(1);
  }

  @Test
  void oneCandidateIsTheLikeliest() {
    for (int position = 0; position < 1000; position++) {
      assertThat(choice(3, 1, 1, 4).next(LOGITS, position)).isZero();
      assertThat(choice(3, 0, 1e-6, 4).next(LOGITS, position)).isZero();
    }
  }

  @Test
  void sameSeedAndPositionChooseTheSame() {
    int differing = 0;
    for (int position = 0; position < 1000; position++) {
      int chosen = choice(1, 0, 1, 4).next(LOGITS, position);
      assertThat(choice(1, 0, 1, 4).next(LOGITS, position)).isEqualTo(chosen);
      differing += choice(1, 0, 1, 5).next(LOGITS, position) == chosen ? 0 : 1;
    }
    // two independent draws agree with the sum of squared probabilities, 0.295
    assertThat(differing).isBetween(620, 790);
  }

  @Test
  void frequenciesFollowTheProbabilities() {
    assertFrequencies(choice(1, 0, 1, 11), 0.4, 0.05, 0.3, 0.05, 0.2);
    // squares, since half the temperature doubles logits
    assertFrequencies(
        choice(0.5, 0, 1, 12),
        0.16 / 0.295,
        0.0025 / 0.295,
        0.09 / 0.295,
        0.0025 / 0.295,
        0.04 / 0.295);
    assertFrequencies(choice(1, 2, 1, 13), 0.4 / 0.7, 0, 0.3 / 0.7, 0, 0);
    assertFrequencies(choice(1, 0, 0.65, 14), 0.4 / 0.7, 0, 0.3 / 0.7, 0, 0);
    assertFrequencies(choice(1, 0, 0.75, 15), 0.4 / 0.9, 0, 0.3 / 0.9, 0, 0.2 / 0.9);
    // of two equal tokens the first is kept
    assertFrequencies(choice(1, 4, 1, 16), 0.4 / 0.95, 0.05 / 0.95, 0.3 / 0.95, 0, 0.2 / 0.95);
    // top-p is of what top-k left: 0.4 of 0.7 is more than a half
    assertFrequencies(choice(1, 2, 0.5, 17), 1, 0, 0, 0, 0);
  }

  @Test
  void seedsAreAsGoodAsPositions() {
    long[] counts = new long[LOGITS.length];
    for (int seed = 0; seed < DRAWS; seed++) {
      counts[choice(1, 0, 1, seed).next(LOGITS, 3)]++;
    }
    assertThat(counts[0] / (double) DRAWS).isCloseTo(0.4, within(0.0125));
    assertThat(counts[4] / (double) DRAWS).isCloseTo(0.2, within(0.0125));
  }

  @Test
  void extremeLogitsAreDrawnFrom() {
    float[] wide = {-3e38f, 3e38f, 0, Float.NEGATIVE_INFINITY};
    assertThat(choice(1, 0, 1, 4).next(wide, 0)).isEqualTo(1);
    assertThat(choice(1e300, 2, 1, 4).next(wide, 0)).isBetween(1, 2);
    assertThat(choice(1e-300, 0, 1, 4).next(wide, 0)).isEqualTo(1);
    assertThat(choice(1, 99, 1, 4).next(new float[] {5}, 0)).isZero();
  }

  @Test
  void rangesAreChecked() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> choice(-1, 0, 1, 0))
        .withMessage("temperature must be finite and not negative, got -1.0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> choice(Double.NaN, 0, 1, 0))
        .withMessage("temperature must be finite and not negative, got NaN");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> choice(1, -1, 1, 0))
        .withMessage("top-k must not be negative, got -1");
    for (double bad : new double[] {0, 1.1, Double.NaN}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> choice(1, 0, bad, 0))
          .withMessage("top-p must lie in (0, 1], got " + bad);
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Sampling.greedy(0))
        .withMessage("new tokens must be at least one, got 0");
  }

  /** Every count within four and a half standard deviations of its expectation. */
  private static void assertFrequencies(TokenChoice choice, double... probabilities) {
    long[] counts = new long[probabilities.length];
    for (int position = 0; position < DRAWS; position++) {
      counts[choice.next(LOGITS, position)]++;
    }
    for (int i = 0; i < counts.length; i++) {
      double p = probabilities[i];
      assertThat((double) counts[i])
          .as("token %s", i)
          .isCloseTo(DRAWS * p, within(4.5 * Math.sqrt(DRAWS * p * (1 - p))));
    }
  }

  private static TokenChoice choice(double temperature, int topK, double topP, long seed) {
    return new TokenChoice(new Sampling(temperature, topK, topP, seed, 8, ImmutableSet.of()));
  }

  private static float[] logits(double... probabilities) {
    float[] logits = new float[probabilities.length];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) (Math.log(probabilities[i]) + 3);
    }
    return logits;
  }
}

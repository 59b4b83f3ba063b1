package dev.coppice.moe.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The expected frequencies are those that transformers 5.18 computed, width 8. */
class RopeSpecTest {
  record Case(RopeScaling scaling, double theta, int sequence, List<Double> frequencies) {}

  static List<Case> cases() {
    List<Double> plain =
        List.of(1.0, 0.10000000149011612, 0.009999999776482582, 0.0010000000474974513);
    return List.of(
        new Case(new RopeScaling.None(), 10_000, 7, plain),
        new Case(
            new RopeScaling.Linear(4),
            10_000,
            7,
            List.of(0.25, 0.02500000037252903, 0.0024999999441206455, 0.0002500000118743628)),
        new Case(new RopeScaling.Dynamic(4, 64), 10_000, 32, plain),
        new Case(new RopeScaling.Dynamic(4, 64), 10_000, 64, plain),
        new Case(
            new RopeScaling.Dynamic(4, 64),
            10_000,
            100,
            List.of(1.0, 0.06751064211130142, 0.0045576863922178745, 0.00030769233126193285)),
        new Case(
            new RopeScaling.Yarn(4, 32, 1, 16, 1, true),
            100,
            7,
            List.of(1.0, 0.07905694097280502, 0.02500000037252903, 0.007905694656074047)),
        new Case(
            new RopeScaling.Yarn(32, 32, 1, 4096, 1, false),
            150_000,
            7,
            List.of(1.0, 0.05081327259540558, 0.0004564839182421565, 4.099978468730114e-06)),
        new Case(
            new RopeScaling.Llama3(8, 1, 4, 32),
            100,
            7,
            List.of(1.0, 0.0958399772644043, 0.012500000186264515, 0.0039528473280370235)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void frequenciesAreThoseOfTransformers(Case one) {
    RopeSpec rope = new RopeSpec(8, one.theta(), false, one.scaling());
    float[] found = rope.inverseFrequencies(one.sequence());
    assertThat(found).hasSize(4);
    for (int i = 0; i < found.length; i++) {
      double expected = one.frequencies().get(i);
      assertThat((double) found[i]).isCloseTo(expected, within(3e-7 * expected));
    }
  }

  record Bad(Runnable made, String message) {}

  static List<Bad> impossible() {
    return ImmutableList.of(
        new Bad(() -> RopeSpec.plain(3, 10), "rotary width must be even, got 3"),
        new Bad(() -> RopeSpec.plain(4, 0), "rope theta must be positive, got 0.0"),
        new Bad(() -> new RopeScaling.Linear(0.5), "rope factor must be at least 1, got 0.5"),
        new Bad(
            () -> new RopeScaling.Llama3(2, 4, 1, 8),
            "rope high_freq_factor must be above low_freq_factor and that positive, got 1.0 and"
                + " 4.0"),
        new Bad(
            () -> new RopeScaling.Dynamic(2, 0),
            "original_max_position_embeddings must be positive, got 0"));
  }

  @ParameterizedTest
  @MethodSource("impossible")
  void whatCannotTurnIsRefused(Bad bad) {
    assertThatThrownBy(() -> bad.made().run())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(bad.message());
  }
}

package dev.coppice.train.data.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;

class MixturePropertyTest {
  private static int depth(int parts) {
    return Integer.SIZE - Integer.numberOfLeadingZeros(parts - 1);
  }

  @Property(tries = 200)
  void everyBeginningHasThePartsInTheirShares(
      @ForAll @Size(min = 1, max = 9) List<@DoubleRange(min = 0.01, max = 50) Double> weights) {
    Mixture mixture = Mixture.of(weights);
    double total = weights.stream().mapToDouble(Double::doubleValue).sum();
    long[] drawn = new long[weights.size()];
    for (long c = 0; c < 2000; c++) {
      Mixture.Draw draw = mixture.at(c);
      assertThat(draw.counter()).isEqualTo(drawn[draw.part()]++);
      for (int part = 0; part < drawn.length; part++) {
        double share = (c + 1) * weights.get(part) / total;
        assertThat(drawn[part])
            .isBetween(
                (long) Math.floor(share - depth(drawn.length) - 1e-3),
                (long) Math.ceil(share + depth(drawn.length) + 1e-3));
      }
    }
  }

  /** Far out the numbers must neither overflow nor lose a draw. */
  @Property(tries = 200)
  void drawsFollowOneAnotherAnywhere(
      @ForAll @Size(min = 2, max = 9) List<@DoubleRange(min = 0.01, max = 50) Double> weights,
      @ForAll @LongRange(max = 1L << 50) long from) {
    Mixture mixture = Mixture.of(weights);
    long[] next = new long[weights.size()];
    Arrays.fill(next, -1);
    for (long c = from; c < from + 300; c++) {
      Mixture.Draw draw = mixture.at(c);
      if (next[draw.part()] >= 0) {
        assertThat(draw.counter()).isEqualTo(next[draw.part()]);
      }
      next[draw.part()] = draw.counter() + 1;
    }
    double total = weights.stream().mapToDouble(Double::doubleValue).sum();
    for (int part = 0; part < next.length; part++) {
      double share = (from + 300) * weights.get(part) / total;
      if (next[part] >= 0) {
        assertThat((double) next[part]).isBetween(share - share * 1e-4 - 9, share * 1.0001 + 9);
      }
    }
  }

  @Example
  void refusesWeightsThatAreNone() {
    for (double weight : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> Mixture.of(List.of(1.0, weight)))
          .hasMessage("weight must be positive and finite, got " + weight);
    }
  }
}

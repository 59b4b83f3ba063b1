package dev.coppice.growth.bytes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.coppice.growth.plan.NoiseKey;
import dev.coppice.moe.family.TensorRole;
import dev.coppice.moe.number.NormalQuantile;
import java.util.Arrays;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class GaussianTest {
  /** Φ by its power series, good to 1e-13 for |x| below 4; the judge of everything here. */
  private static double phi(double x) {
    double term = x;
    double sum = x;
    for (int i = 1; i < 200; i++) {
      term *= x * x / (2 * i + 1);
      sum += term;
    }
    return 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  }

  @Test
  void cellsFollowTheQuantile() {
    for (int cell = 2; cell < Gaussian.CELLS; cell += 2) {
      double exact = NormalQuantile.of((cell + 1) / (2.0 * Gaussian.CELLS));
      assertThat((double) Gaussian.cells()[cell]).isCloseTo(exact, within(1e-4));
      assertThat(Gaussian.cells()[cell + 1]).isEqualTo(-Gaussian.cells()[cell]);
    }
  }

  @Test
  void tailsGoOnWhereTheCellsEnd() {
    float last = -Gaussian.cells()[2];
    for (long bits = (1L << 32) - 1; bits >= 0; bits -= 65_537) {
      float size = Gaussian.tail(1, (int) bits);
      assertThat(size).isGreaterThanOrEqualTo(last);
      assertThat(Gaussian.tail(0, (int) bits)).isEqualTo(-size);
      last = size;
    }
    assertThat(Gaussian.tail(1, 0)).isBetween(7.5f, 8.5f);
    assertThat(Gaussian.tail(1, -1)).isCloseTo(4.17f, within(0.01f));
  }

  /** Variance over all cells, the two tails integrated by their own quantiles. */
  @Test
  void theVarianceIsOne() {
    double squares = 0;
    for (int cell = 2; cell < Gaussian.CELLS; cell++) {
      squares += Math.pow(Gaussian.cells()[cell], 2) / Gaussian.CELLS;
    }
    int steps = 1 << 16;
    for (int step = 0; step < steps; step++) {
      double size = Gaussian.tail(1, (int) ((2L * step + 1) << 15));
      squares += 2 * size * size / steps / Gaussian.CELLS;
    }
    assertThat(squares).isCloseTo(1, within(1e-7));
  }

  /** Blocks draw what single numbers are, tails too. */
  @Test
  void blocksHoldTheSameNumbers() {
    NoiseStream stream =
        new NoiseStream(3, OptionalInt.empty(), new NoiseKey(1, TensorRole.EXPERT_UP, 2));
    float[] even = new float[1024];
    float[] odd = new float[1024];
    int tails = 0;
    for (long first = 0; first < 200 * 2048; first += 2048) {
      stream.fill(first, new long[512], even, odd);
      for (int i = 0; i < 1024; i++) {
        assertThat(even[i]).isEqualTo(stream.at(first + 2L * i));
        assertThat(odd[i]).isEqualTo(stream.at(first + 2L * i + 1));
        tails += Math.abs(even[i]) > 4.17 || Math.abs(odd[i]) > 4.17 ? 1 : 0;
      }
    }
    assertThat(tails).isBetween(3, 30);
  }

  /** Kolmogorov–Smirnov at a thousandth, mean, deviation and correlation of neighbours. */
  @Test
  void aStreamIsNormal() {
    int n = 200_000;
    NoiseStream stream =
        new NoiseStream(1, OptionalInt.of(0), new NoiseKey(0, TensorRole.EXPERT_GATE, 0));
    double[] numbers = new double[n];
    Arrays.setAll(numbers, stream::at);
    double mean = Arrays.stream(numbers).average().orElseThrow();
    double square = Arrays.stream(numbers).map(x -> x * x).average().orElseThrow();
    double neighbours = 0;
    for (int i = 1; i < n; i++) {
      neighbours += numbers[i] * numbers[i - 1] / n;
    }
    assertThat(mean).isCloseTo(0, within(4 / Math.sqrt(n)));
    assertThat(square).isCloseTo(1, within(4 * Math.sqrt(2.0 / n)));
    assertThat(neighbours).isCloseTo(0, within(4 / Math.sqrt(n)));
    Arrays.sort(numbers);
    double distance = 0;
    for (int i = 0; i < n; i++) {
      double p = Math.abs(numbers[i]) < 4 ? phi(numbers[i]) : numbers[i] < 0 ? 0 : 1;
      distance = Math.max(distance, Math.abs(p - (i + 0.5) / n));
    }
    assertThat(distance * Math.sqrt(n)).isLessThan(1.95);
  }

  /** A seed means the same bits on every machine and in every version. */
  @Test
  void bitsAreFixed() {
    NoiseStream stream =
        new NoiseStream(42, OptionalInt.of(5), new NoiseKey(7, TensorRole.EXPERT_DOWN, 0));
    int hash = 1;
    for (int i = 0; i < 100_000; i++) {
      hash = 31 * hash + Float.floatToRawIntBits(stream.at(i));
    }
    assertThat(hash).isEqualTo(-661026024);
  }
}

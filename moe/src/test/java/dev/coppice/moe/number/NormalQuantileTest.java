package dev.coppice.moe.number;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.coppice.moe.random.SplitMix64;
import org.junit.jupiter.api.Test;

class NormalQuantileTest {
  /** Φ by its power series, good to 1e-13 for |x| below 4. */
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
  void invertsTheDistribution() {
    for (double p = 0.0005; p < 1; p += 0.0005) {
      assertThat(phi(NormalQuantile.of(p))).isCloseTo(p, within(1e-12));
    }
    // tabulated: Φ(-6) = 9.86587645037698e-10, Φ(-5) = 2.866515718791939e-7
    assertThat(NormalQuantile.of(9.86587645037698e-10)).isCloseTo(-6, within(1e-12));
    assertThat(NormalQuantile.of(2.866515718791939e-7)).isCloseTo(-5, within(1e-12));
  }

  @Test
  void holdsFarIntoTheTails() {
    // by mpmath: the quantile of half of 2^-53
    assertThat(NormalQuantile.of(0x1p-54)).isCloseTo(-8.292361075813595, within(2e-15));
  }

  @Test
  void allBitsGiveAFiniteNumber() {
    assertThat(NormalQuantile.ofBits(0)).isCloseTo(-8.2, within(0.2));
    assertThat(NormalQuantile.ofBits(-1)).isCloseTo(8.2, within(0.2));
    assertThat(NormalQuantile.ofBits(Long.MIN_VALUE)).isCloseTo(0, within(1e-15));
  }

  /** First weights of a seed are made of these: they must stay the same bits for ever. */
  @Test
  void keepsItsBits() {
    assertThat(NormalQuantile.ofBits(SplitMix64.at(7, 1))).isEqualTo(-0x1.1e7a236ec31c8p-2);
    assertThat(NormalQuantile.ofBits(SplitMix64.at(7, 2))).isEqualTo(-0x1.1003efd907725p1);
    assertThat(NormalQuantile.ofBits(SplitMix64.at(7, 3))).isEqualTo(0x1.49309d9b2e2dcp0);
    assertThat(NormalQuantile.ofBits(SplitMix64.at(7, 4))).isEqualTo(0x1.acd79bfc75bb7p-3);
    assertThat(NormalQuantile.ofBits(SplitMix64.at(7, 5))).isEqualTo(-0x1.e972cf40f2688p-4);
    assertThat(NormalQuantile.ofBits(SplitMix64.at(7, 6))).isEqualTo(-0x1.5a41570473716p-1);
    assertThat(NormalQuantile.ofBits(1L << 20)).isEqualTo(-0x1.db1fb67d7f8b8p2);
    assertThat(NormalQuantile.ofBits(-1L << 20)).isEqualTo(0x1.db21d472fcf09p2);
  }
}

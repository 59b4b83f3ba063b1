package dev.coppice.moe.random;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KeyedHashTest {
  @Test
  void isSplitMix64WithoutParts() {
    // first output of the reference implementation for this seed
    assertThat(KeyedHash.of(1234567)).isEqualTo(6457827717110365317L);
  }

  @Test
  void dependsOnEveryPart() {
    assertThat(KeyedHash.of(1, 2, 3))
        .isNotEqualTo(KeyedHash.of(1, 3, 2))
        .isNotEqualTo(KeyedHash.of(2, 2, 3))
        .isNotEqualTo(KeyedHash.of(1, 2));
  }

  @Test
  void drawsEachOfFiveNumbersAboutAsOften() {
    int[] seen = new int[5];
    for (int i = 0; i < 50_000; i++) {
      seen[(int) KeyedHash.below(KeyedHash.of(7, i), 5)]++;
    }
    for (int count : seen) {
      // five standard deviations of a binomial with 50000 draws and chance 1/5
      assertThat(count).isBetween(10_000 - 450, 10_000 + 450);
    }
  }
}

package dev.coppice.moe.random;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class SplitMix64Test {
  @Property(tries = 100)
  void givesTheNumbersOfSplittableRandom(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int place = 1; place <= 20; place++) {
      assertThat(SplitMix64.at(seed, place)).isEqualTo(random.nextLong());
    }
  }

  @Property(tries = 100)
  void aUnitNumberIsTheNextDouble(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);

    assertThat(SplitMix64.unit(SplitMix64.at(seed, 1))).isEqualTo(random.nextDouble());
  }
}

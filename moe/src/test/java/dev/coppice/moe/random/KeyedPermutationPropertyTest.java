package dev.coppice.moe.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.LongStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

class KeyedPermutationPropertyTest {
  @Property(tries = 200)
  void takesEachPlaceOnce(@ForAll @IntRange(min = 1, max = 3000) int size, @ForAll long key) {
    KeyedPermutation order = new KeyedPermutation(size, key);
    long[] sorted = LongStream.range(0, size).map(order::at).sorted().toArray();
    assertThat(sorted).isEqualTo(LongStream.range(0, size).toArray());
  }

  @Property(tries = 200)
  void staysInRangeAtAnySize(
      @ForAll @LongRange(min = 1, max = 1L << 62) long size, @ForAll long key) {
    KeyedPermutation order = new KeyedPermutation(size, key);
    assertThat(order.at(0)).isBetween(0L, size - 1);
    assertThat(order.at(size - 1)).isBetween(0L, size - 1);
  }

  @Property(tries = 50)
  void anotherKeyIsAnotherOrder(@ForAll long key) {
    KeyedPermutation one = new KeyedPermutation(1000, key);
    KeyedPermutation other = new KeyedPermutation(1000, key + 1);
    long same = LongStream.range(0, 1000).filter(i -> one.at(i) == other.at(i)).count();
    assertThat(same).isLessThan(20);
  }

  @Example
  void refusesPlacesOutside() {
    assertThatThrownBy(() -> new KeyedPermutation(10, 0).at(10))
        .hasMessage("position must lie in 0..9, got 10");
    assertThatThrownBy(() -> new KeyedPermutation(0, 0))
        .hasMessage("permutation size must lie in 1..2^62, got 0");
  }
}

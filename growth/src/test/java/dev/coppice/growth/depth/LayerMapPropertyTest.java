package dev.coppice.growth.depth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** I2: which layer goes where. */
class LayerMapPropertyTest {
  @Property(tries = 300)
  void interpositionIsMonotoneAndPlacesEachLayerInARow(
      @ForAll @IntRange(min = 1, max = 40) int layers,
      @ForAll @IntRange(min = 2, max = 5) int factor,
      @ForAll @IntRange(min = 0, max = 10) int first,
      @ForAll @IntRange(min = 0, max = 10) int last) {
    Assume.that(first + last < layers);
    LayerMap map = LayerMap.interpose(layers, factor, first, last);
    assertThat(map.size()).isEqualTo(layers + (factor - 1) * (layers - first - last));
    assertThat(map.sources()).isSorted();
    for (int layer = 0; layer < layers; layer++) {
      int times = layer < first || layer >= layers - last ? 1 : factor;
      assertThat(Collections.frequency(map.sources(), layer)).isEqualTo(times);
      assertThat(map.places(layer)).hasSize(times);
      assertThat(map.isCopy(map.places(layer).get(0))).isFalse();
    }
  }

  @Property(tries = 300)
  void stackRepeatsTheBlock(
      @ForAll @IntRange(min = 1, max = 40) int layers,
      @ForAll @IntRange(min = 2, max = 5) int factor,
      @ForAll @IntRange(min = 0, max = 10) int first,
      @ForAll @IntRange(min = 0, max = 10) int last) {
    Assume.that(first + last < layers);
    LayerMap map = LayerMap.stack(layers, factor, first, last);
    assertThat(map.size()).isEqualTo((layers - last) + (factor - 1) * (layers - first));
    assertThat(map.sources().subList(0, layers - last)).isSorted().doesNotHaveDuplicates();
    for (int pass = 1; pass < factor; pass++) {
      int start = layers - last + (pass - 1) * (layers - first);
      assertThat(map.sources().get(start)).isEqualTo(first);
      assertThat(map.sources().get(start + layers - first - 1)).isEqualTo(layers - 1);
    }
    if (factor == 2) {
      assertThat(map.size()).isEqualTo(LayerMap.interpose(layers, 2, first, last).size());
    }
  }

  @Test
  void placesLayersAsThePaperDraws() {
    assertThat(LayerMap.interpose(4, 2, 1, 1).sources()).containsExactly(0, 1, 1, 2, 2, 3);
    assertThat(LayerMap.stack(4, 2, 1, 1).sources()).containsExactly(0, 1, 2, 1, 2, 3);
    assertThat(LayerMap.stack(3, 3, 1, 1).sources()).containsExactly(0, 1, 1, 2, 1, 2);
    assertThat(LayerMap.interpose(20, 2, 2, 2).size()).isEqualTo(36);
  }

  @Test
  void refusesToKeepEveryLayer() {
    assertThatThrownBy(() -> LayerMap.interpose(4, 2, 2, 2))
        .hasMessage(
            "interpose must have a layer left to copy, got 4 layers of which 2 first and 2 last are"
                + " kept");
    assertThatThrownBy(() -> new Interpose(1, 0, 0, false))
        .hasMessage("interpose factor must be at least 2, got 1");
    assertThatThrownBy(() -> new Stack(2, -1, 0, false))
        .hasMessage("stack keep-first must not be negative, got -1");
  }
}

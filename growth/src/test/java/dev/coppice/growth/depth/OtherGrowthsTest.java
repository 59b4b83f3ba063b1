package dev.coppice.growth.depth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.safetensors.TensorSlot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Where a period cannot say the grown layers, the refusal names growths that it can say. */
class OtherGrowthsTest {
  private static final Path JAMBA = Path.of("src", "test", "resources", "families", "jamba");

  /** Whether the kinds of layers repeat with a period, at a place in it. */
  private static boolean repeats(List<Integer> sources, int period, int offset) {
    return IntStream.range(0, sources.size())
        .allMatch(i -> (sources.get(i) % period == offset) == (i % period == offset));
  }

  private static Optional<String> others(int layers, int period, int offset, int factor) {
    return OtherGrowths.of(
        LayerMap.interpose(layers, factor, 0, 0), map -> repeats(map.sources(), period, offset));
  }

  @Test
  void namesStackingAndWholePeriods() {
    assertThat(others(8, 4, 1, 2))
        .hasValue("--depth 2 --depth-method stack or --layers 0,1,2,3,0,1,2,3,4,5,6,7,4,5,6,7");
    assertThat(others(16, 8, 4, 3))
        .hasValueSatisfying(
            ways ->
                assertThat(ways)
                    .isEqualTo(
                        "--depth 3 --depth-method stack or --layers"
                            + " 0,1,2,3,4,5,6,7,0,1,2,3,4,5,6,7,..."));
  }

  @Test
  void keepsFirstLayersWhereTheDepthIsNoMultipleOfThePeriod() {
    // 6 layers with a period of 4: stacked behind the first two layers the places fit again
    assertThat(others(6, 4, 3, 2)).hasValue("--depth 2 --depth-method stack --keep-first 2");
  }

  @Test
  void namesNothingWhereNothingIsPossible() {
    assertThat(OtherGrowths.of(LayerMap.interpose(4, 2, 0, 0), map -> false)).isEmpty();
  }

  @Test
  void theRefusalNamesThemAndTheyArePossible() throws IOException {
    try (Checkpoint source = Checkpoint.open(JAMBA)) {
      GrowthPlan plan = plan(source);
      assertThatThrownBy(() -> Interpose.times(2).apply(plan))
          .isInstanceOf(CoppiceException.class)
          .hasMessageStartingWith("family jamba cannot describe the grown layers in a config.json")
          .hasMessageContaining("; possible: --depth 2 --depth-method stack");
      assertThatCode(() -> Stack.times(2).apply(plan)).doesNotThrowAnyException();
      List<Integer> blocks = new ArrayList<>();
      int layers = plan.anatomy().layerCount();
      IntStream.range(0, layers * 2).forEach(i -> blocks.add(i / 4 * 2 + i % 2));
      GrowthOperator placed = new PlaceLayers(ImmutableList.copyOf(blocks), false);
      ObjectNode config = placed.apply(plan).config();
      assertThat(config.path("num_hidden_layers").asInt()).isEqualTo(2 * layers);
    }
  }

  private static GrowthPlan plan(Checkpoint source) {
    return GrowthPlan.unchanged(
        source.family(),
        source.config(),
        source.tensors().values().stream()
            .map(tensor -> new TensorSlot(tensor.name(), tensor.dtype(), tensor.shape()))
            .toList(),
        0);
  }
}

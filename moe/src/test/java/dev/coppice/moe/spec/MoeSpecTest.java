package dev.coppice.moe.spec;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import org.junit.jupiter.api.Test;

class MoeSpecTest {
  @Test
  void countsTheSpeedModel() {
    var layer = new LayerSpec.Moe(8, 2, 512);
    var spec =
        new MoeSpec(
            "qwen3_moe",
            512,
            256,
            GroupedAttention.plain(4, 4, 64, true, 10_000),
            new RouterSpec(true),
            ImmutableList.of(layer, layer, layer, layer),
            1e-6,
            true,
            512);
    assertThat(spec.parameterCount()).isEqualTo(13_773_568L);
  }
}

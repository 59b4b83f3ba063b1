package dev.coppice.moe.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class FamilyTest {
  private static final LayerSpec DENSE = new LayerSpec.Dense(6144);
  private static final LayerSpec MOE = new LayerSpec.Moe(128, 8, 768);

  @Test
  void anEmptyQwenConfigMeansItsDefaults() {
    MoeSpec spec = spec("{'model_type':'qwen3_moe'}");
    assertThat(spec.layers()).hasSize(24).allMatch(MOE::equals);
    assertThat(spec.attention().scoreDim()).isEqualTo(64);
    assertThat(spec.router().renormalize()).isFalse();
  }

  @Test
  void bothSpellingsOfTheExpertCountAreRead() {
    for (String key : ImmutableList.of("num_experts", "num_local_experts")) {
      MoeSpec spec = spec("{'model_type':'qwen3_moe','num_hidden_layers':1,'" + key + "':60}");
      assertThat(spec.firstMoe()).contains(new LayerSpec.Moe(60, 8, 768));
    }
  }

  @Test
  void denseLayersComeByListAndByStep() {
    assertThat(
            spec("{'model_type':'qwen3_moe','num_hidden_layers':3,'mlp_only_layers':[0,2]}")
                .layers())
        .containsExactly(DENSE, MOE, DENSE);
    assertThat(
            spec("{'model_type':'qwen3_moe','num_hidden_layers':4,'decoder_sparse_step':2}")
                .layers())
        .containsExactly(DENSE, MOE, DENSE, MOE);
  }

  @Test
  void ropeThetaIsReadInBothPlaces() {
    assertThat(spec("{'model_type':'mixtral','rope_theta':5.0}").attention().rope().theta())
        .isEqualTo(5);
    assertThat(
            spec("{'model_type':'mixtral','rope_parameters':{'rope_theta':7.0}}")
                .attention()
                .rope()
                .theta())
        .isEqualTo(7);
  }

  @Test
  void aSlidingWindowIsEveryLayers() {
    MoeSpec spec = spec("{'model_type':'mixtral','num_hidden_layers':2,'sliding_window':100}");
    assertThat(spec.maxPositions()).isEqualTo(131_072);
    assertThat(spec.windows()).containsExactly(100, 100);
    assertThat(spec("{'model_type':'mixtral','sliding_window':null}").windows()).isEmpty();
    assertThat(spec("{'model_type':'mixtral','sliding_window':131072}").windows()).isEmpty();
  }

  @Test
  void whatTheKernelsCannotRunIsNamed() {
    assertThat(refusal("{'model_type':'qwen3_moe','hidden_act':'silu','rope_scaling':null}"))
        .isEmpty();
    assertThat(refusal("{'model_type':'qwen3_moe','rope_parameters':{'rope_type':'longrope'}}"))
        .isEqualTo(
            "qwen3_moe runs only with rope_type in [default, dynamic, linear, llama3, yarn],"
                + " got longrope (config.json)");
    assertThat(refusal("{'model_type':'qwen3_moe','hidden_act':'gelu'}"))
        .isEqualTo(
            "qwen3_moe runs only with hidden_act in [\"silu\", \"swish\"], got \"gelu\""
                + " (config.json)");
  }

  @Test
  void namesAndAddressesAreInverse() {
    for (String family : ImmutableList.of("qwen3_moe", "mixtral")) {
      Family known = Family.named(family);
      MoeSpec spec = spec("{'model_type':'" + family + "','num_hidden_layers':2}");
      for (String name : known.expectedTensors(spec).keySet()) {
        assertThat(known.address(name).map(known::name)).contains(name);
      }
      assertThat(known.address("model.layers.01.input_layernorm.weight")).isEmpty();
      assertThat(known.address("model.layers.1.extra")).isEmpty();
    }
  }

  @Test
  void valuesThatCannotBeAreNamed() {
    assertThatThrownBy(() -> spec("{'model_type':'mixtral','hidden_size':'x'}"))
        .hasMessage("config.json: hidden_size must be a positive integer, got \"x\"");
    assertThatThrownBy(() -> spec("{'model_type':'mixtral','num_experts_per_tok':9}"))
        .hasMessage("config.json: top-k must lie in 1..8 (the experts), got 9");
    assertThatThrownBy(() -> spec("{'model_type':'qwen3_moe','mlp_only_layers':[24]}"))
        .hasMessage("config.json: mlp_only_layers must name layers below 24, got 24");
    assertThatThrownBy(() -> spec("{}")).hasMessageContaining("model_type must name a family");
  }

  private static String refusal(String json) {
    ObjectNode config = parse(json);
    return Family.of(config).refusalToRun(config).orElse("");
  }

  private static MoeSpec spec(String json) {
    ObjectNode config = parse(json);
    return Family.of(config).spec(config);
  }

  private static ObjectNode parse(String json) {
    try {
      return (ObjectNode) new ObjectMapper().readTree(json.replace('\'', '"'));
    } catch (IOException e) {
      throw new IllegalStateException("test JSON must parse: " + json, e);
    }
  }
}

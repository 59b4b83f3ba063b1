package dev.coppice.growth.depth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.TestFolder;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Configs that tell of layers by rules, lists and cuts. */
class LayerConfigTest {
  private static final LayerSpec MOE = new LayerSpec.Moe(3, 2, 4);
  private static final LayerSpec DENSE = new LayerSpec.Dense(6);

  private static MoeSpec spec(LayerSpec... layers) {
    return new MoeSpec(
        "qwen3_moe",
        11,
        4,
        GroupedAttention.plain(1, 1, 2, true, 10_000),
        new RouterSpec(true),
        ImmutableList.copyOf(layers),
        1e-6,
        true,
        64);
  }

  /** The grown config of a model whose own config is patched first. */
  private static ObjectNode grow(MoeSpec spec, String patch, GrowthOperator growth)
      throws IOException {
    ObjectNode config = Family.named(spec.family()).configFor(spec);
    config.setAll(tree(patch));
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec, config, Dtype.BF16)) {
      assertThat(source.spec().layers()).isEqualTo(spec.layers());
      return GrowthPlan.of(source, growth, 0).config();
    }
  }

  private static ObjectNode tree(String json) throws JsonProcessingException {
    return (ObjectNode) new ObjectMapper().readTree(json.replace('\'', '"'));
  }

  private static void assertHas(ObjectNode config, String expected) throws JsonProcessingException {
    tree(expected)
        .properties()
        .forEach(e -> assertThat(config.get(e.getKey())).as(e.getKey()).isEqualTo(e.getValue()));
  }

  @Test
  void listsDenseLayersWhereTheStepCannotSayThem() throws IOException {
    MoeSpec spec = spec(DENSE, MOE, DENSE, MOE);
    String stepTwo = "{'decoder_sparse_step': 2, 'mlp_only_layers': []}";
    assertHas(
        grow(spec, stepTwo, Interpose.times(2)),
        "{'decoder_sparse_step': 1, 'mlp_only_layers': [0, 1, 4, 5], 'num_hidden_layers': 8}");
    assertHas(
        grow(spec, stepTwo, Stack.times(2)),
        "{'decoder_sparse_step': 2, 'mlp_only_layers': [], 'num_hidden_layers': 8}");
  }

  @Test
  void reindexesListedLayers() throws IOException {
    MoeSpec spec = spec(MOE, DENSE, MOE);
    assertHas(
        grow(spec, "{}", Interpose.times(2)),
        "{'mlp_only_layers': [2, 3], 'num_hidden_layers': 6}");
    assertHas(
        grow(spec, "{}", new Stack(2, 1, 0, false)),
        "{'mlp_only_layers': [1, 3], 'num_hidden_layers': 5}");
  }

  @Test
  void repeatsPerLayerListsAndLeavesOthers() throws IOException {
    String lists =
        "{'layer_types': ['a', 'b', 'c'], 'no_rope_layers': [1, 1, 0], 'moe_layers': [0, 2],"
            + " 'eos_token_id': [1, 2, 3], 'other': [1, 2], 'rope_parameters':"
            + " {'rope_theta': 10000.0, 'rope_type': 'default', 'short_factor': [1, 2, 3]}}";
    assertHas(
        grow(spec(MOE, MOE, MOE), lists, Interpose.times(2)),
        "{'layer_types': ['a', 'a', 'b', 'b', 'c', 'c'], 'no_rope_layers': [1, 1, 1, 1, 0, 0],"
            + " 'moe_layers': [0, 1, 4, 5], 'eos_token_id': [1, 2, 3], 'other': [1, 2],"
            + " 'rope_parameters': {'rope_theta': 10000.0, 'rope_type': 'default',"
            + " 'short_factor': [1, 2, 3]}}");
  }

  @Test
  void movesTheWindowCut() throws IOException {
    MoeSpec spec = spec(MOE, MOE, MOE);
    assertHas(
        grow(spec, "{'max_window_layers': 1}", Interpose.times(2)), "{'max_window_layers': 2}");
    assertHas(
        grow(spec, "{'max_window_layers': 3}", Interpose.times(2)), "{'max_window_layers': 6}");
    assertHas(
        grow(spec, "{'max_window_layers': 28}", Interpose.times(2)), "{'max_window_layers': 28}");
    assertHas(
        grow(spec, "{'max_window_layers': 1, 'use_sliding_window': false}", Stack.times(2)),
        "{'max_window_layers': 2}");
  }

  @Test
  void refusesAWindowThatNoCutCanSay() {
    assertThatThrownBy(
            () ->
                grow(
                    spec(MOE, MOE, MOE),
                    "{'max_window_layers': 1, 'use_sliding_window': true}",
                    Stack.times(2)))
        .isInstanceOf(CoppiceException.class)
        .hasMessage(
            "family qwen3_moe cannot describe the grown layers in a config.json, since"
                + " max_window_layers can only name a first layer with a window (source layers of"
                + " the output: [0, 1, 2, 0, 1, 2]); possible: --depth 2 --depth-method interpose or"
                + " --depth 2 --depth-method stack --keep-first 1")
        .extracting(e -> ((CoppiceException) e).kind())
        .isEqualTo(ErrorKind.INPUT_INVALID);
  }
}

package dev.coppice.growth.depth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.safetensors.TensorSlot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lists of a language model's layers beside its own object: four layers, the second dense. */
class OutsideListsTest {
  private static final Path FIXTURE =
      Path.of("src", "test", "resources", "families", "qwen3_vl_moe_transposed");

  private static ObjectNode grow(String patch, GrowthOperator operator) throws IOException {
    try (Checkpoint source = Checkpoint.open(FIXTURE)) {
      ObjectNode config = source.config();
      config.setAll(tree(patch));
      List<TensorSlot> slots =
          source.tensors().values().stream().map(OutsideListsTest::slot).toList();
      return operator.apply(GrowthPlan.unchanged(source.family(), config, slots, 0)).config();
    }
  }

  private static TensorSlot slot(StoredTensor tensor) {
    return new TensorSlot(tensor.name(), tensor.dtype(), tensor.shape());
  }

  private static ObjectNode tree(String json) throws JsonProcessingException {
    return (ObjectNode) new ObjectMapper().readTree(json.replace('\'', '"'));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // as inside, with another value than inside, and unknown inside
        "'mlp_only_layers': [1]         | 'mlp_only_layers': [2, 3]",
        "'mlp_only_layers': [0, 1]      | 'mlp_only_layers': [0, 1, 2, 3]",
        "'full_attention_layers': [0,3] | 'full_attention_layers': [0, 1, 6, 7]",
        "'layer_types': ['a','b','c','d'] | 'layer_types': ['a','a','b','b','c','c','d','d']",
        "'no_rope_layers': [1,0,1,0]    | 'no_rope_layers': [1,1,0,0,1,1,0,0]",
        // in another object of the language model
        "'llm_config': {'mlp_only_layers': [3]} | 'llm_config': {'mlp_only_layers': [6, 7]}",
        "'llm_config': {'mlp_only_layers': [1], 'num_hidden_layers': 4}"
            + "| 'llm_config': {'mlp_only_layers': [2, 3], 'num_hidden_layers': 8}",
        "'language_config': {'layer_types': ['a','b','c','d']}"
            + "| 'language_config': {'layer_types': ['a','a','b','b','c','c','d','d']}",
        // of other towers, and no lists of layers
        "'vision_feature_layers': [0,1] | 'vision_feature_layers': [0,1]",
        "'image_layer_pattern': [0,1,2] | 'image_layer_pattern': [0,1,2]",
        "'deepstack_layers': [0,1]      | 'deepstack_layers': [0,1]",
        "'other': [1,2,3,4]             | 'other': [1,2,3,4]",
        "'audio_config': {'layer_types': ['a','b','c','d']}"
            + "| 'audio_config': {'layer_types': ['a','b','c','d']}"
      })
  void followTheLayers(String before, String after) throws IOException {
    ObjectNode grown = grow("{" + before + "}", Interpose.times(2));
    tree("{" + after + "}")
        .properties()
        .forEach(e -> assertThat(grown.get(e.getKey())).as(e.getKey()).isEqualTo(e.getValue()));
    assertThat(grown.at("/text_config/mlp_only_layers")).hasToString("[2,3]");
  }

  @Test
  void stackingPlacesThemAsLayers() throws IOException {
    ObjectNode grown = grow("{'mlp_only_layers': [0]}", Stack.times(2));
    assertThat(grown.get("mlp_only_layers")).hasToString("[0,4]");
  }

  @Test
  void refusesAListOfAnotherLengthByName() {
    assertThatThrownBy(() -> grow("{'layer_types': ['a', 'b', 'c']}", Interpose.times(2)))
        .isInstanceOf(CoppiceException.class)
        .hasMessage(
            "family qwen3_vl_moe cannot describe the grown layers in a config.json, since"
                + " layer_types must have an entry for each of the 4 layers (num_hidden_layers),"
                + " got 3, outside the language model's own object");
  }
}

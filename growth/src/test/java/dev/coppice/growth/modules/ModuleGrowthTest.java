package dev.coppice.growth.modules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Forms in which tools name modules: 4 layers become 8, and where it is said 8 experts 16. */
class ModuleGrowthTest {
  private final TinyModules deeper = TinyModules.interposed(4, 2, 8, 1);
  private final TinyModules wider = TinyModules.interposed(4, 1, 8, 2);

  @Test
  void writesWildcardsSoThatTheyMeanNoOtherLayers() {
    assertThat(deeper.grown("model.layers.0*"))
        .containsExactly("model.layers.0.*", "model.layers.1.*");
    assertThat(deeper.grown("*.layers.3.mlp.gate"))
        .containsExactly("*.layers.6.mlp.gate", "*.layers.7.mlp.gate");
    assertThat(deeper.grown("model.layers.[0-1].self_attn*"))
        .containsExactly(
            "model.layers.0.self_attn*",
            "model.layers.1.self_attn*",
            "model.layers.2.self_attn*",
            "model.layers.3.self_attn*");
    assertThat(deeper.grown("model.layers.*.self_attn"))
        .containsExactly("model.layers.*.self_attn");
  }

  @Test
  void takesAWildcardForAllLayersThatItMeans() {
    assertThat(TinyModules.interposed(12, 2, 2, 1).grown("model.layers.1*"))
        .containsExactly(
            "model.layers.2.*",
            "model.layers.3.*",
            "model.layers.20.*",
            "model.layers.21.*",
            "model.layers.22.*",
            "model.layers.23.*",
            "model.layers.24.*");
  }

  @Test
  void movesTheNextTokenPredictionLayer() {
    assertThat(deeper.grown("model.layers.4*")).containsExactly("model.layers.8.*");
    assertThat(deeper.grown("model.layers.4.mlp.gate")).containsExactly("model.layers.8.mlp.gate");
  }

  @Test
  void rewritesIndicesOfRegularExpressions() {
    assertThat(deeper.grown("re:model\\.layers\\.2\\.self_attn.*"))
        .containsExactly("re:model\\.layers\\.(?:4|5)\\.self_attn.*");
    assertThat(deeper.grown("re:.*layers\\.(0|3)\\.mlp\\.gate$"))
        .containsExactly("re:.*layers\\.(?:0|1|6|7)\\.mlp\\.gate$");
    assertThat(wider.grown("re:.*experts\\.[0-1]\\..*"))
        .containsExactly("re:.*experts\\.(?:0|1|8|9)\\..*");
    assertThat(deeper.grown("re:.*mlp\\.gate$")).containsExactly("re:.*mlp\\.gate$");
  }

  @Test
  void namesCopiesOfExperts() {
    assertThat(wider.grown("model.layers.3.mlp.experts.7.down_proj"))
        .containsExactly(
            "model.layers.3.mlp.experts.7.down_proj", "model.layers.3.mlp.experts.15.down_proj");
    assertThat(wider.grown("model.layers.3.mlp.experts.1"))
        .containsExactly(
            "model.layers.3.mlp.experts.1.down_proj",
            "model.layers.3.mlp.experts.1.up_proj",
            "model.layers.3.mlp.experts.9.down_proj",
            "model.layers.3.mlp.experts.9.up_proj");
  }

  @Test
  void namesModulesThatReadersJoin() {
    assertThat(deeper.grown("model.layers.2.self_attn.qkv_proj"))
        .containsExactly("model.layers.4.self_attn.qkv_proj", "model.layers.5.self_attn.qkv_proj");
    assertThat(deeper.grown("model.layers.2.mlp.experts"))
        .containsExactly("model.layers.4.mlp.experts", "model.layers.5.mlp.experts");
  }

  @Test
  void leavesOtherTowersAlone() {
    assertThat(deeper.grown("vision_tower.encoder.layers.2"))
        .containsExactly("vision_tower.encoder.layers.2");
    assertThat(deeper.grown("vision_tower.encoder.layers.2.self_attn.q_proj"))
        .containsExactly("vision_tower.encoder.layers.2.self_attn.q_proj");
    assertThat(deeper.grown("audio_tower.layers.2.fc")).containsExactly("audio_tower.layers.2.fc");
  }

  @Test
  void knowsTheLayersUnderOtherBeginnings() {
    assertThat(deeper.grown("model.language_model.layers.3*"))
        .containsExactly("model.language_model.layers.6.*", "model.language_model.layers.7.*");
    assertThat(deeper.grown("language_model.model.layers.0.mlp.gate"))
        .containsExactly(
            "language_model.model.layers.0.mlp.gate", "language_model.model.layers.1.mlp.gate");
  }

  @Test
  void growsObjectsByModuleNameInTheirOrder() {
    assertThat(
            deeper.grow(
                "{'dynamic': {'-:.*layers.2.mlp.gate.*': {}, '+:model\\\\.layers\\\\.[0-2]\\\\..*':"
                    + " {'bits': 8}}, 'group_0': {'bits': 4}}"))
        .isEqualTo(
            TinyModules.tree(
                "{'dynamic': {'-:.*layers.(?:4|5).mlp.gate.*': {},"
                    + " '+:model\\\\.layers\\\\.(?:0|1|2|3|4|5)\\\\..*': {'bits': 8}},"
                    + " 'group_0': {'bits': 4}}"));
    assertThat(deeper.grow("{'layers': {'2': {'bits': 8}}, 'skip_layer_ids': [0, 3]}"))
        .isEqualTo(
            TinyModules.tree(
                "{'layers': {'4': {'bits': 8}, '5': {'bits': 8}}, 'skip_layer_ids': [0, 1, 6, 7]}"));
  }

  @Test
  void keepsAllElse() {
    String other =
        "{'bits': 4, 'version': '1.0.2', 'targets': ['Linear'], 'ignore': ['lm_head', 'lm_head'],"
            + " 'weight_block_size': [128, 128], 'producer': {'version':"
            + " '0.45.0.dev44+gc273'}, 'fmt': 'e4m3', 'x': null}";
    assertThat(deeper.grow(other)).isEqualTo(TinyModules.tree(other));
  }

  @Test
  void leavesOutEntriesThatWouldMeanNewModules() {
    ModuleGrowth growth = deeper.growth();
    ObjectNode grown =
        growth.grow(TinyModules.tree("{'ignore': ['lm_head', 'model.layers.[67]*']}"), true);
    assertThat(grown).isEqualTo(TinyModules.tree("{'ignore': ['lm_head']}"));
    assertThat(growth.warnings())
        .containsExactly(
            "config.json ignore: entry 'model.layers.[67]*' means no module of the source, and is"
                + " left out");
  }

  @Test
  void saysWhatIsNotCertain() {
    List<Integer> stacked = IntStream.range(0, 24).map(i -> i % 12).boxed().toList();
    ModuleGrowth growth = new TinyModules(12, stacked, 1, List.of(0)).growth();
    growth.grow(TinyModules.tree("{'modules_to_not_convert': ['model.layers.1']}"), true);
    assertThat(growth.warnings())
        .singleElement()
        .asString()
        .startsWith("config.json modules_to_not_convert: entry 'model.layers.1' is ambiguous;");
  }

  @Test
  void refusesExpressionsThatCannotBeRead() {
    assertThatThrownBy(() -> deeper.grown("re:model\\.layers\\.(1|2\\..*"))
        .isInstanceOf(ModuleGrowth.UnreadableEntry.class)
        .hasMessage(
            "config.json ignore: entry 're:model\\.layers\\.(1|2\\..*' cannot be carried through:"
                + " regular expression cannot be read");
    assertThatThrownBy(() -> deeper.grown("re:(([a-z.0-9_]+)*)*[0-9]!"))
        .hasMessageEndingWith("pattern takes too long to be matched");
  }

  @Test
  void growsNamesAnywhereElseAndSaysSo() {
    ModuleGrowth growth = deeper.growth();
    ObjectNode grown =
        growth.grow(
            TinyModules.tree(
                "{'id2label': {'0': 'a', '1': 'b'}, 'frozen': ['model.layers.1.mlp.gate']}"),
            false);
    assertThat(grown)
        .isEqualTo(
            TinyModules.tree(
                "{'id2label': {'0': 'a', '1': 'b'}, 'frozen': ['model.layers.2.mlp.gate',"
                    + " 'model.layers.3.mlp.gate']}"));
    assertThat(growth.warnings())
        .containsExactly(
            "config.json frozen: names modules of layers, and is grown as a list of names");
  }
}

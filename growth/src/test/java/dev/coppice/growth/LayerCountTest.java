package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.coppice.growth.depth.DropMtp;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.depth.Stack;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.anatomy.ConfigView;
import dev.coppice.moe.anatomy.TensorSite;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.TensorSlot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Layers, next-token-prediction layers, and the lists and numbers that speak of them. */
class LayerCountTest {
  private static final Path FOLDER = Path.of("src", "test", "resources", "families");
  private static final String COUNT = "num_nextn_predict_layers";
  private static final ImmutableSet<String> LISTS =
      ImmutableSet.of(
          "layer_types", "mlp_layer_types", "indexer_types", "no_rope_layers", "attn_type_list");

  /** A model of names and shapes alone, which a test may change. */
  private record Model(Family family, ObjectNode config, List<TensorSlot> slots, int layers) {
    static Model of(String fixture) throws IOException {
      try (Checkpoint checkpoint = Checkpoint.open(FOLDER.resolve(fixture))) {
        List<TensorSlot> slots = new ArrayList<>();
        checkpoint.tensors().values().stream().map(StoredTensor::slot).forEach(slots::add);
        int layers = checkpoint.anatomy().layerCount();
        return new Model(checkpoint.family(), checkpoint.config(), slots, layers);
      }
    }

    ObjectNode root() {
      return ConfigView.root(config, family.traits());
    }

    GrowthPlan plan() {
      return GrowthPlan.unchanged(family, config, slots, 0);
    }

    /** Adds the last layer's tensors once more, as another layer. */
    void addLayer(int index, String... more) {
      GrowthPlan plan = plan();
      TensorSite last = null;
      for (TensorSlot slot : List.copyOf(slots)) {
        TensorSite site = plan.anatomy().site(slot.name());
        if (site.inLayer() && site.layer() == layers - 1) {
          last = site;
          slots.add(new TensorSlot(site.inLayer(index).fullName(), slot.dtype(), slot.shape()));
        }
      }
      assertThat(last).isNotNull();
      String container = last.container().replace("{layer}", Integer.toString(index));
      for (String name : more) {
        TensorSlot any = slots.get(0);
        slots.add(new TensorSlot(container + name, any.dtype(), any.shape()));
      }
    }
  }

  static List<String> fixtures() throws IOException {
    try (Stream<Path> all = Files.list(FOLDER)) {
      return all.filter(Files::isDirectory).map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  static List<String> withLists() throws IOException {
    List<String> found = new ArrayList<>();
    for (String fixture : fixtures()) {
      Model model = Model.of(fixture);
      if (LISTS.stream().anyMatch(key -> model.root().path(key).size() == model.layers())) {
        found.add(fixture);
      }
    }
    assertThat(found).hasSizeGreaterThan(5);
    return found;
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void aLayerBehindTheCountIsNoNextTokenPredictionLayer(String fixture) throws IOException {
    Model model = Model.of(fixture);
    int mtp = model.plan().anatomy().mtpLayerCount();
    int index = model.layers() + mtp;
    model.addLayer(index);
    assertThatThrownBy(model::plan)
        .isInstanceOf(CoppiceException.class)
        .hasMessageContaining(
            "is of layer " + index + ", but config.json says " + model.layers() + " layers (");
  }

  @ParameterizedTest
  @ValueSource(strings = {"deepseek_v3_fp8", "glm_moe_dsa"})
  void aLayerBehindTheCountIsOneByItsMark(String fixture) throws IOException {
    Model model = Model.of(fixture);
    model.addLayer(model.layers(), "eh_proj.weight");
    model.root().put(COUNT, 1);
    assertThat(model.plan().anatomy().mtpLayerCount()).isEqualTo(1);
    assertThat(model.plan().anatomy().warnings()).isEmpty();
    model.root().put(COUNT, 0);
    assertThat(model.plan().anatomy().warnings())
        .containsExactly(
            "config.json says 0 next-token-prediction layers ("
                + COUNT
                + "), but the files have"
                + " tensors of 1; programs go by the number");
    model.root().remove(COUNT);
    assertThat(model.plan().anatomy().warnings()).singleElement().asString().contains("not say");
    GrowthPlan grown = Interpose.times(2).apply(model.plan());
    assertThat(grown.anatomy().mtpLayerCount()).isEqualTo(1);
    assertThat(grown.tensors())
        .containsKey("model.layers." + 2 * model.layers() + ".eh_proj.weight");
  }

  @Test
  void indicesOfNextTokenPredictionLayersLeaveNoneOut() throws IOException {
    Model gap = Model.of("glm_moe_dsa");
    gap.addLayer(gap.layers() + 1, "eh_proj.weight");
    assertThatThrownBy(gap::plan)
        .hasMessageContaining("next-token-prediction layers must follow one another");
    Model early = Model.of("glm_moe_dsa");
    early
        .slots()
        .add(
            new TensorSlot(
                "model.layers.1.eh_proj.weight",
                early.slots().get(0).dtype(),
                early.slots().get(0).shape()));
    assertThatThrownBy(early::plan)
        .hasMessageContaining("'model.layers.1.eh_proj.weight' is of a next-token-prediction layer")
        .hasMessageContaining("got layer 1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"mtp.layers.0.", "model.mtp.layers.0.", "mtp.0.", "model.mtp_block.0."})
  void usualNamesOfNextTokenPredictionAreKnownInEveryFamily(String prefix) throws IOException {
    Model model = Model.of("qwen3_moe");
    for (TensorSlot slot : List.copyOf(model.slots())) {
      if (slot.name().startsWith("model.layers.1.")) {
        String name = prefix + slot.name().substring("model.layers.1.".length());
        model.slots().add(new TensorSlot(name, slot.dtype(), slot.shape()));
      }
    }
    GrowthPlan plan = model.plan();
    assertThat(plan.anatomy().mtpLayerCount()).isEqualTo(1);
    GrowthPlan wide = DuplicateExperts.times(2, 0).apply(plan);
    assertThat(wide.tensors())
        .containsKey(prefix + "mlp.experts." + plan.anatomy().experts() + ".up_proj.weight");
    assertThat(new DropMtp().apply(plan).tensors().keySet())
        .noneMatch(name -> name.contains("mtp"));
  }

  @ParameterizedTest
  @MethodSource("withLists")
  void listsGrowWithTheEntriesOfNextTokenPrediction(String fixture) throws IOException {
    Model model = Model.of(fixture);
    String key =
        LISTS.stream()
            .filter(k -> model.root().path(k).size() == model.layers())
            .findFirst()
            .orElseThrow();
    ArrayNode list = (ArrayNode) model.root().get(key);
    JsonNode tail = TextNode.valueOf("full_attention");
    list.add(tail);
    String count =
        model.family().traits().mtp().isEmpty()
            ? COUNT
            : model.family().traits().mtp().get(0).count().get(0);
    model.root().put(count, 1);
    GrowthPlan grown = Interpose.times(2).apply(model.plan());
    JsonNode after = ConfigView.root(grown.config(), model.family().traits()).path(key);
    assertThat(after).hasSize(2 * model.layers() + 1);
    assertThat(after.get(2 * model.layers())).isEqualTo(tail);
    assertThat(after.get(1)).isEqualTo(list.get(0));
    JsonNode dropped =
        ConfigView.root(new DropMtp().apply(model.plan()).config(), model.family().traits());
    assertThat(dropped.path(key)).hasSize(model.layers());
    assertThat(dropped.path(count).intValue()).isZero();
    list.add(tail).add(tail);
    assertThatThrownBy(model::plan)
        .isInstanceOf(CoppiceException.class)
        .hasMessageContaining(
            key + " must have an entry for each of the " + model.layers() + " layers")
        .hasMessageEndingWith("got " + (model.layers() + 3));
  }

  @Test
  void droppingWhereNothingIsMendsTheNumberAlone() throws IOException {
    Model model = Model.of("deepseek_v3_fp8");
    assertThat(model.plan().anatomy().warnings()).singleElement().asString().contains("no tensor");
    GrowthPlan dropped = new DropMtp().apply(model.plan());
    assertThat(dropped.config().path(COUNT).intValue()).isZero();
    assertThat(dropped.anatomy().warnings()).isEmpty();
    assertThat(dropped.tensors()).hasSameSizeAs(model.slots());
    assertThatThrownBy(() -> new DropMtp().apply(dropped)).hasMessageContaining("has none");
  }

  @Test
  void countsAndListsOutsideTheLanguageModelsObjectFollow() throws IOException {
    Model model = Model.of("qwen3_5_moe_stacked");
    ObjectNode text = model.root();
    assertThat(text).isNotSameAs(model.config());
    for (String key :
        ImmutableList.of(
            "num_hidden_layers", "num_experts", "num_experts_per_tok", "layer_types")) {
      model.config().set(key, text.get(key));
    }
    model.config().set("num_local_experts", text.get("num_experts"));
    model.config().set("llm_config", text.deepCopy());
    ObjectNode grown =
        DuplicateExperts.times(2, 0).apply(Interpose.times(2).apply(model.plan())).config();
    ObjectNode inside = ConfigView.root(grown, model.family().traits());
    assertThat(inside.path("num_experts").intValue())
        .isEqualTo(2 * text.path("num_experts").intValue());
    for (String key :
        ImmutableList.of(
            "num_hidden_layers", "num_experts", "num_experts_per_tok", "layer_types")) {
      assertThat(grown.get(key)).as(key).isEqualTo(inside.get(key));
    }
    assertThat(grown.get("num_local_experts")).isEqualTo(inside.get("num_experts"));
    assertThat(grown.get("llm_config")).isEqualTo(inside);
  }

  @Test
  void aBrokenPeriodIsLeftOutAndWarnedOfWithTheGrowthThatKeepsIt() throws IOException {
    Model model = Model.of("qwen3_next_mtp");
    ArrayNode types = model.root().putArray("layer_types");
    for (int layer = 0; layer < model.layers(); layer++) {
      types.add(layer % 2 == 1 ? "full_attention" : "linear_attention");
    }
    model.root().put("full_attention_interval", 2);
    assertThat(model.layers()).isEqualTo(4);
    GrowthPlan source = model.plan();
    GrowthPlan grown = Interpose.times(2).apply(source);
    assertThat(grown.config().has("full_attention_interval")).isFalse();
    assertThat(PeriodWarnings.of(source.anatomy(), grown.anatomy()))
        .singleElement()
        .asString()
        .startsWith(
            "layer_types no longer repeats every 2 layers (full_attention_interval, now left out);"
                + " mlx-lm and lightllm lay out layers by that number")
        .contains("--depth-method stack or --layers 0,1,0,1");
    GrowthPlan stacked = Stack.times(2).apply(source);
    assertThat(stacked.config().path("full_attention_interval").intValue()).isEqualTo(2);
    assertThat(PeriodWarnings.of(source.anatomy(), stacked.anatomy())).isEmpty();
  }

  @Test
  void aFixedPeriodIsWarnedOfToo() throws IOException {
    GrowthPlan source = Model.of("gpt_oss").plan();
    GrowthPlan grown = Interpose.times(2).apply(source);
    assertThat(PeriodWarnings.of(source.anatomy(), grown.anatomy()))
        .containsExactly(
            "layer_types no longer repeats every 2 layers; TensorRT-LLM and llama.cpp lay"
                + " out layers by that number, not by the list; --depth-method stack or --layers"
                + " 0,1,0,1,2,3,2,3 would keep it");
  }
}

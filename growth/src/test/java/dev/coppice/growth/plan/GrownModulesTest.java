package dev.coppice.growth.plan;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.growth.GrowthProgress;
import dev.coppice.growth.GrowthRequest;
import dev.coppice.growth.GrowthVerifier;
import dev.coppice.growth.TestFolder;
import dev.coppice.growth.depth.DropMtp;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Configurations and side files whose entries name modules, of whole models. */
class GrownModulesTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int LAYERS = 78;
  private static final int EXPERTS = 2;

  /** As nvidia/GLM-5.1-NVFP4 has them: whole dense layers, attention and shared experts. */
  private static ObjectNode nvfp4() {
    ObjectNode quantization = JSON.createObjectNode().put("quant_method", "modelopt");
    ArrayNode ignore = quantization.putArray("ignore").add("lm_head").add("model.layers.0*");
    ignore.add("model.layers.1.*").add("model.layers.2.*");
    for (int layer = 3; layer < LAYERS; layer++) {
      ignore.add("model.layers." + layer + ".mlp.shared_experts*");
      ignore.add("model.layers." + layer + ".self_attn*");
    }
    ignore.add("model.layers." + LAYERS + "*");
    return quantization;
  }

  private static GrowthPlan source() {
    ObjectNode config =
        JSON.createObjectNode()
            .put("model_type", "glm4_moe")
            .put("num_hidden_layers", LAYERS)
            .put("num_nextn_predict_layers", 1)
            .put("hidden_size", 8)
            .put("n_routed_experts", EXPERTS)
            .put("num_experts_per_tok", 1)
            .put("first_k_dense_replace", 3)
            .put("n_group", 1)
            .put("topk_group", 1);
    config.set("quantization_config", nvfp4());
    return GrowthPlan.unchanged(Family.named("glm4_moe"), config, slots(), 0);
  }

  private static List<TensorSlot> slots() {
    List<TensorSlot> slots = new ArrayList<>();
    slots.add(slot("model.embed_tokens.weight", 16, 8));
    slots.add(slot("lm_head.weight", 16, 8));
    for (int layer = 0; layer <= LAYERS; layer++) {
      String prefix = "model.layers." + layer + ".";
      slots.add(slot(prefix + "self_attn.o_proj.weight", 8, 8));
      if (layer == LAYERS) {
        slots.add(slot(prefix + "eh_proj.weight", 8, 16));
        slots.add(new TensorSlot(prefix + "enorm.weight", Dtype.BF16, ImmutableList.of(8L)));
        slots.add(new TensorSlot(prefix + "hnorm.weight", Dtype.BF16, ImmutableList.of(8L)));
      }
      String mlp = prefix + "mlp.";
      for (String name : new String[] {"gate_proj", "up_proj", "down_proj"}) {
        if (layer < 3) {
          slots.add(slot(mlp + name + ".weight", 8, 8));
          continue;
        }
        slots.add(slot(mlp + "shared_experts." + name + ".weight", 8, 8));
        for (int expert = 0; expert < EXPERTS; expert++) {
          slots.add(slot(mlp + "experts." + expert + "." + name + ".weight", 8, 8));
        }
      }
      if (layer >= 3) {
        slots.add(slot(mlp + "gate.weight", EXPERTS, 8));
        slots.add(
            new TensorSlot(
                mlp + "gate.e_score_correction_bias", Dtype.F32, ImmutableList.of((long) EXPERTS)));
      }
    }
    return slots;
  }

  private static TensorSlot slot(String name, long first, long second) {
    return new TensorSlot(name, Dtype.BF16, ImmutableList.of(first, second));
  }

  private static GrowthPlan grow(GrowthOperator operator) {
    GrowthPlan source = source();
    return GrownModules.in(
        operator.apply(source), source.anatomy(), ImmutableMap.of("hf_quant_config.json", nvfp4()));
  }

  private static List<String> ignored(JsonNode quantization) {
    List<String> entries = new ArrayList<>();
    quantization.path("ignore").forEach(entry -> entries.add(entry.textValue()));
    return entries;
  }

  /** What fnmatch makes of entries whose only sign is a star at the end. */
  private static boolean ignores(List<String> entries, String module) {
    return entries.stream()
        .anyMatch(
            entry ->
                entry.endsWith("*")
                    ? module.startsWith(entry.substring(0, entry.length() - 1))
                    : module.equals(entry));
  }

  private static void assertIgnoresWhatTheSourceIgnored(GrowthPlan grown) {
    List<String> old = ignored(nvfp4());
    List<String> entries = ignored(grown.config().path("quantization_config"));
    List<String> sideEntries = ignored(grown.sideFiles().get("hf_quant_config.json"));
    assertThat(sideEntries).isEqualTo(entries);
    for (PlannedTensor tensor : grown.tensors().values()) {
      String source = tensor.recipe().sources().findFirst().orElseThrow().name();
      assertThat(ignores(entries, module(tensor.name())))
          .as(tensor.name())
          .isEqualTo(ignores(old, module(source)));
    }
  }

  private static String module(String tensor) {
    return tensor.substring(0, tensor.lastIndexOf('.'));
  }

  @Test
  void deepensTheListOfAnNvfp4ModelWithItsNextTokenPrediction() {
    GrowthPlan grown = grow(Interpose.times(2));
    assertIgnoresWhatTheSourceIgnored(grown);
    assertThat(ignored(grown.config().path("quantization_config")))
        .contains("model.layers.1.*", "model.layers.156.*", "model.layers.20.self_attn*")
        .doesNotContain("model.layers.78*", "model.layers.78.*");
    assertThat(grown.warnings()).isEmpty();
  }

  @Test
  void deepensTheListOfAnNvfp4ModelWithoutNextTokenPrediction() {
    GrowthPlan grown = grow(new DropMtp().then(Interpose.times(2)));
    assertIgnoresWhatTheSourceIgnored(grown);
    assertThat(ignored(grown.config().path("quantization_config")))
        .noneMatch(entry -> entry.startsWith("model.layers.156"));
  }

  @Test
  void growsBothWaysInEitherOrder() {
    GrowthOperator wider = DuplicateExperts.times(2, 0);
    GrowthPlan grown = grow(Interpose.times(2).then(wider));
    assertIgnoresWhatTheSourceIgnored(grown);
    assertThat(grow(wider.then(Interpose.times(2)))).isEqualTo(grown);
  }

  /** A tiny DeepSeek-V3 with two layers, a layer behind them, and files that name its modules. */
  private static Path deepseek(TestFolder folder) throws IOException {
    Path source = Files.createDirectory(folder.of("source"));
    Path fixture = Path.of("src", "test", "resources", "families", "deepseek_v3_mtp");
    for (String name : new String[] {"config.json", "model.safetensors"}) {
      Files.write(source.resolve(name), Files.readAllBytes(fixture.resolve(name)));
    }
    Files.writeString(
        source.resolve("hf_quant_config.json"),
        "{\"quantization\": {\"exclude_modules\": [\"lm_head\", \"model.layers.0*\"]}}");
    Files.writeString(source.resolve("quantize_config.json"), "{\"bits\": 4, \"sym\": true}");
    Files.writeString(source.resolve("recipe.yaml"), "ignore: [model.layers.0.mlp]\n");
    return source;
  }

  @Test
  void writesAndVerifiesSideFiles() throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = Checkpoint.open(deepseek(folder));
        Checkpoint grown = folder.grow(source, GrowthRequest.of(Interpose.times(2), 0), "grown")) {
      JsonNode side = JSON.readTree(Files.readString(folder.of("grown/hf_quant_config.json")));
      assertThat(side.toString())
          .isEqualTo(
              "{\"quantization\":{\"exclude_modules\":[\"lm_head\",\"model.layers.0.*\",\"model.layers.1.*\"]}}");
      assertThat(Files.readString(folder.of("grown/quantize_config.json")))
          .isEqualTo("{\"bits\": 4, \"sym\": true}");
      assertThat(GrowthVerifier.deviations(source, grown, GrowthProgress.NONE)).isEmpty();
      assertThat(GrowthPlan.of(source, Interpose.times(2), 0).warnings())
          .containsExactly("recipe.yaml names modules of layers, and is copied as it is");
    }
  }

  @Test
  void verifyNamesASideFileThatIsTheSources() throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = Checkpoint.open(deepseek(folder))) {
      folder.grow(source, GrowthRequest.of(Interpose.times(2), 0), "grown").close();
      Path side = folder.of("grown").resolve("hf_quant_config.json");
      Files.write(side, Files.readAllBytes(folder.of("source").resolve("hf_quant_config.json")));
      try (Checkpoint grown = Checkpoint.open(folder.of("grown"));
          Stream<String> found =
              GrowthVerifier.deviations(source, grown, GrowthProgress.NONE).stream()) {
        assertThat(found)
            .containsExactly(
                "hf_quant_config.json must be as planned, got planned -> found in"
                    + " quantization.exclude_modules:"
                    + " [\"lm_head\",\"model.layers.0.*\",\"model.layers.1.*\"] ->"
                    + " [\"lm_head\",\"model.layers.0*\"]");
      }
    }
  }
}

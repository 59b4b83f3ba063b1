package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.TinyCheckpoints;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tensors that no rule names: growth carries them with their layers, running knows which matter.
 */
class ExtraTensorsTest {
  private static final MoeSpec SPEC =
      new MoeSpec(
          "qwen3_moe",
          17,
          8,
          GroupedAttention.plain(2, 1, 4, true, 10_000),
          new RouterSpec(true),
          ImmutableList.of(new LayerSpec.Moe(4, 2, 4), new LayerSpec.Moe(4, 2, 4)),
          1e-6,
          false,
          64);

  @TempDir Path parent;

  private Path source(String... names) throws IOException {
    return source(List.of(names).stream().map(ExtraTensorsTest::slot).toList());
  }

  private Path source(List<TensorSlot> more) throws IOException {
    Path folder = parent.resolve("source" + more.size());
    TinyCheckpoints.write(
        folder,
        SPEC,
        Family.named("qwen3_moe").configFor(SPEC),
        new TinyCheckpoints.Options(Dtype.F32, 7, ShardLayout.DEFAULT_MAX_BYTES),
        more);
    return folder;
  }

  private static TensorSlot slot(String name) {
    return new TensorSlot(name, Dtype.F32, ImmutableList.of(2L));
  }

  private static float[] logits(Checkpoint checkpoint) throws IOException {
    try (LanguageModel model = LanguageModel.open(checkpoint, Precision.FLOAT32)) {
      return model.logits(TokenBatch.unlabelled(new int[] {1, 2, 3, 4}, 1));
    }
  }

  @Test
  void frequenciesAreCarriedWithTheirLayersAndLeftOutOfTheRunningModel() throws IOException {
    Path folder =
        source(
            "model.layers.0.self_attn.rotary_emb.inv_freq",
            "model.layers.1.self_attn.rotary_emb.inv_freq");
    try (Checkpoint plain = Checkpoint.open(source());
        Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThat(checkpoint.warnings())
          .containsExactly(
              folder.resolve("model.safetensors")
                  + ": 2 tensors are not named by any rule of qwen3_moe, such as"
                  + " 'model.layers.0.self_attn.rotary_emb.inv_freq'; growth carries them on");
      assertThat(checkpoint.anatomy().counts()).isEqualTo(plain.anatomy().counts());
      assertThat(logits(checkpoint)).isEqualTo(logits(plain));
      Path grown = parent.resolve("grown");
      GrowthExecutor.run(
          checkpoint,
          new GrowthRequest(
              Interpose.times(2).then(DuplicateExperts.times(2, 0)),
              0,
              ShardLayout.DEFAULT_MAX_BYTES,
              1,
              false,
              Optional.empty()),
          grown,
          GrowthProgress.NONE);
      try (Checkpoint opened = Checkpoint.open(grown)) {
        for (int layer = 0; layer < 4; layer++) {
          assertThat(bytes(opened, layer)).isEqualTo(bytes(checkpoint, layer / 2));
        }
      }
    }
  }

  private static Object bytes(Checkpoint checkpoint, int layer) throws IOException {
    return TestFolder.bytes(checkpoint, "model.layers." + layer + ".self_attn.rotary_emb.inv_freq");
  }

  @Test
  void oneLayerAloneMayHaveThem() throws IOException {
    try (Checkpoint checkpoint =
        Checkpoint.open(source("model.layers.0.self_attn.rotary_emb.inv_freq"))) {
      assertThat(GrowthPlan.of(checkpoint, Interpose.times(2), 0).tensors())
          .containsKeys(
              "model.layers.0.self_attn.rotary_emb.inv_freq",
              "model.layers.1.self_attn.rotary_emb.inv_freq")
          .doesNotContainKey("model.layers.2.self_attn.rotary_emb.inv_freq");
      assertThat(checkpoint.spec()).isEqualTo(SPEC);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "model.layers.0.self_attn.k_scale",
        "model.layers.0.self_attn._extra_state",
        "model.value_head.weight",
        "model.layers.0.self_attn.mystery.weight",
        "model.layers.0.mlp.experts.0.gate_proj.lora_A",
      })
  void theRestIsCarriedButRefusedToRunByName(String name) throws IOException {
    // what stands beside one expert's weight must stand beside all
    List<TensorSlot> more =
        name.contains(".experts.")
            ? List.of(
                slot(name),
                slot(name.replace(".0.gate", ".1.gate")),
                slot(name.replace(".0.gate", ".2.gate")),
                slot(name.replace(".0.gate", ".3.gate")),
                slot(name.replace("layers.0", "layers.1")),
                slot(name.replace("layers.0", "layers.1").replace(".0.gate", ".1.gate")),
                slot(name.replace("layers.0", "layers.1").replace(".0.gate", ".2.gate")),
                slot(name.replace("layers.0", "layers.1").replace(".0.gate", ".3.gate")))
            : List.of(slot(name));
    try (Checkpoint checkpoint = Checkpoint.open(source(more))) {
      assertThat(GrowthPlan.of(checkpoint, Interpose.times(2), 0).tensors()).containsKey(name);
      assertThatThrownBy(checkpoint::spec)
          .isInstanceOf(CoppiceException.class)
          .hasMessageContaining("tensor '" + name + "'");
      assertThatThrownBy(() -> logits(checkpoint))
          .isInstanceOf(CoppiceException.class)
          .hasMessageContaining("tensor '" + name + "'");
    }
  }

  @Test
  void missingAndMisshapenTensorsStayFaults() throws IOException {
    assertThatThrownBy(
            () -> Checkpoint.open(source(List.of(slot("model.layers.0.mlp.gate_proj.weight")))))
        .isInstanceOf(CheckpointFormatException.class)
        .hasMessageContaining("must have a tensor like 'mlp.gate_proj.weight'");
    assertThatThrownBy(
            () ->
                Checkpoint.open(
                    source("model.layers.2.self_attn.rotary_emb.inv_freq", "model.other")))
        .isInstanceOf(CheckpointFormatException.class)
        .hasMessageContaining("is of layer 2, but config.json says 2 layers");
  }
}

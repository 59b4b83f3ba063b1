package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A plan as large as the largest open models grown both ways. */
class PlanningScaleTest {
  private static final int LAYERS = 61;
  private static final int EXPERTS = 384;

  @Test
  void plansHundredsOfThousandsOfTensors() {
    ObjectNode config =
        new ObjectMapper()
            .createObjectNode()
            .put("model_type", "deepseek_v3")
            .put("num_hidden_layers", LAYERS)
            .put("hidden_size", 8)
            .put("n_routed_experts", EXPERTS)
            .put("num_experts_per_tok", 8)
            .put("first_k_dense_replace", 1)
            .put("n_group", 1)
            .put("topk_group", 1);
    List<TensorSlot> slots = slots();
    GrowthPlan plan =
        Interpose.times(2)
            .then(DuplicateExperts.times(2, 0.01))
            .apply(GrowthPlan.unchanged(Family.named("deepseek_v3"), config, slots, 0));
    assertThat(plan.tensors()).hasSizeGreaterThan(276_000);
    assertThat(plan.anatomy().layerCount()).isEqualTo(2 * LAYERS);
    assertThat(plan.anatomy().experts()).isEqualTo(2 * EXPERTS);
  }

  private static List<TensorSlot> slots() {
    List<TensorSlot> slots = new ArrayList<>();
    slots.add(slot("model.embed_tokens.weight", 16, 8));
    slots.add(slot("lm_head.weight", 16, 8));
    for (int layer = 0; layer < LAYERS; layer++) {
      String prefix = "model.layers." + layer + ".";
      slots.add(slot(prefix + "self_attn.o_proj.weight", 8, 8));
      if (layer == 0) {
        for (String name : new String[] {"gate_proj", "up_proj", "down_proj"}) {
          slots.add(slot(prefix + "mlp." + name + ".weight", 8, 8));
        }
        continue;
      }
      slots.add(slot(prefix + "mlp.gate.weight", EXPERTS, 8));
      slots.add(
          new TensorSlot(
              prefix + "mlp.gate.e_score_correction_bias",
              Dtype.F32,
              ImmutableList.of((long) EXPERTS)));
      for (int expert = 0; expert < EXPERTS; expert++) {
        for (String name : new String[] {"gate_proj", "up_proj", "down_proj"}) {
          slots.add(slot(prefix + "mlp.experts." + expert + "." + name + ".weight", 4, 8));
        }
      }
    }
    return slots;
  }

  private static TensorSlot slot(String name, long first, long second) {
    return new TensorSlot(name, Dtype.BF16, ImmutableList.of(first, second));
  }
}

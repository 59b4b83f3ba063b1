package dev.coppice.moe.anatomy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;
import dev.coppice.moe.testing.PackedForms;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Packed weights count as the numbers they stand for, or not at all. */
class PackingTest {
  private static final Family FAMILY = Family.named("qwen3_moe");
  private static final Counts FLOATS =
      counts(FAMILY.configFor(PackedForms.SPEC), PackedForms.FP8.slots(module -> false));

  private static Counts counts(ObjectNode config, List<TensorSlot> slots) {
    return Anatomy.of(
            FAMILY.name(),
            FAMILY.traits(),
            config,
            new Anatomy.TensorSet(slots, name -> "model.safetensors"))
        .counts();
  }

  @Test
  void floatsCountAsTheKernelsDo() {
    assertThat(FLOATS.parameters()).isEqualTo(PackedForms.SPEC.parameterCount());
    assertThat(FLOATS.active()).isEqualTo(PackedForms.SPEC.activeParameterCount());
  }

  @ParameterizedTest
  @EnumSource
  void projectionsCountAsTheirNumbers(PackedForms form) {
    assertThat(counts(form.config(), form.slots(PackedForms::isProjection))).isEqualTo(FLOATS);
  }

  @ParameterizedTest
  @EnumSource
  void headAndEmbeddingCountAsTheirNumbers(PackedForms form) {
    assertThat(counts(form.config(), form.slots(module -> module.equals("lm_head"))))
        .isEqualTo(FLOATS);
    assertThat(counts(form.config(), form.slots(module -> module.endsWith("embed_tokens"))))
        .isEqualTo(FLOATS);
  }

  @ParameterizedTest
  @EnumSource
  void expertsCountByModelWidthAndInnerWidthWithoutAQuantization(PackedForms form) {
    ObjectNode config = FAMILY.configFor(PackedForms.SPEC);
    assertThat(counts(config, form.slots(module -> module.contains(".experts."))))
        .isEqualTo(FLOATS);
  }

  @Test
  void bitsThatNothingSaysAreNotGuessed() {
    ObjectNode config = FAMILY.configFor(PackedForms.SPEC);
    Counts counts = counts(config, PackedForms.MLX.slots(module -> module.endsWith("o_proj")));
    assertThat(counts.known()).isFalse();
    assertThat(counts.uncounted()).hasSize(2);
    assertThatThrownBy(counts::flopsPerToken)
        .isInstanceOf(CoppiceException.class)
        .hasMessage(
            "parameters are not counted: nothing says how many numbers 2 packed tensors hold, such"
                + " as 'model.layers.0.self_attn.o_proj.weight'");
  }

  @Test
  void bitsOfOneModuleAreItsOwn() {
    ObjectNode config = PackedForms.MLX.config();
    ((ObjectNode) config.get("quantization_config"))
        .putObject("model.layers.0.self_attn.o_proj")
        .put("bits", 8)
        .put("group_size", 64);
    ImmutableList<TensorSlot> slots =
        Stream.concat(
                PackedForms.MLX.slots(PackedForms::isProjection).stream()
                    .filter(slot -> !slot.name().startsWith("model.layers.0.self_attn.o_proj.")),
                Stream.of(
                    slot("model.layers.0.self_attn.o_proj.weight", Dtype.U32, 128, 32),
                    slot("model.layers.0.self_attn.o_proj.scales", Dtype.BF16, 128, 2),
                    slot("model.layers.0.self_attn.o_proj.biases", Dtype.BF16, 128, 2)))
            .collect(ImmutableList.toImmutableList());
    // layers of one kind hold the same shapes, so the other layer follows
    config.put("num_hidden_layers", 1);
    ImmutableList<TensorSlot> first =
        slots.stream()
            .filter(slot -> !slot.name().startsWith("model.layers.1."))
            .collect(ImmutableList.toImmutableList());
    ObjectNode plain = FAMILY.configFor(PackedForms.SPEC).put("num_hidden_layers", 1);
    assertThat(counts(config, first))
        .isEqualTo(
            counts(
                plain,
                PackedForms.MLX.slots(module -> false).stream()
                    .filter(slot -> !slot.name().startsWith("model.layers.1."))
                    .toList()));
  }

  @Test
  void aFormThatNoRuleKnowsIsNotCounted() {
    ImmutableList.Builder<TensorSlot> slots = ImmutableList.builder();
    for (TensorSlot slot : PackedForms.FP8.slots(module -> false)) {
      if (slot.name().endsWith("o_proj.weight")) {
        String module = slot.name().replaceFirst("weight$", "");
        slots.add(slot(module + "trellis", Dtype.I16, 8, 8, 64));
        slots.add(slot(module + "suh", Dtype.F16, 128));
      } else {
        slots.add(slot);
      }
    }
    assertThat(counts(FAMILY.configFor(PackedForms.SPEC), slots.build()).uncounted())
        .containsExactly(
            "model.layers.0.self_attn.o_proj.trellis", "model.layers.1.self_attn.o_proj.trellis");
  }

  @Test
  void buffersAreNoParameters() {
    ImmutableList<TensorSlot> slots =
        ImmutableList.<TensorSlot>builder()
            .addAll(PackedForms.FP8.slots(module -> false))
            .add(slot("model.layers.0.self_attn.rotary_emb.inv_freq", Dtype.F32, 16))
            .add(slot("model.layers.1.self_attn.k_scale", Dtype.F32))
            .add(slot("model.layers.1.self_attn.q_proj._extra_state", Dtype.U8, 5))
            .add(slot("model.position_ids", Dtype.I64, 1, 64))
            .build();
    assertThat(counts(FAMILY.configFor(PackedForms.SPEC), slots)).isEqualTo(FLOATS);
  }

  private static TensorSlot slot(String name, Dtype dtype, long... shape) {
    ImmutableList.Builder<Long> extents = ImmutableList.builder();
    for (long extent : shape) {
      extents.add(extent);
    }
    return new TensorSlot(name, dtype, extents.build());
  }
}

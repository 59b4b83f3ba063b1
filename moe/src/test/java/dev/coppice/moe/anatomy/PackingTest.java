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
import org.junit.jupiter.params.provider.CsvSource;
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
            "parameters are not counted: no rule gives the count of numbers that 2 packed"
                + " tensors hold, such as 'model.layers.0.self_attn.o_proj.weight'");
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

  /** Words of a row of 128 columns: whole numbers only, or numbers across the ends of words. */
  @ParameterizedTest
  @CsvSource({
    "3, 32, 13, 4",
    "3, 32, 12, 4",
    "5, 64, 22, 2",
    "5, 64, 20, 2",
    "6, 128, 26, 1",
    "6, 128, 24, 1",
    "7, 32, 32, 4",
    "7, 32, 28, 4"
  })
  void widthsThatDivideNoWordCountByTheirGroups(int bits, int group, int words, int groups) {
    Counts counts = counts(compressed(bits, group), words(words, groups));
    assertThat(counts).isEqualTo(FLOATS);
  }

  /** One scale a row, or words that fit neither way: nothing says the columns. */
  @ParameterizedTest
  @CsvSource({
    "3, -1, 12, 1",
    "3, -1, 13, 1",
    "5, -1, 20, 1",
    "6, -1, 24, 1",
    "6, -1, 27, 1",
    "7, -1, 28, 1",
    "3, 32, 15, 4",
    "5, 64, 25, 2",
    "33, 32, 12, 4"
  })
  void widthsThatDivideNoWordAreNotGuessed(int bits, int group, int words, int groups) {
    Counts counts = counts(compressed(bits, group), words(words, groups));
    assertThat(counts.uncounted())
        .containsExactly(
            "model.layers.0.self_attn.o_proj.weight_packed",
            "model.layers.1.self_attn.o_proj.weight_packed");
  }

  private static ObjectNode compressed(int bits, int group) {
    ObjectNode config = FAMILY.configFor(PackedForms.SPEC);
    config
        .putObject("quantization_config")
        .put("quant_method", "compressed-tensors")
        .putObject("config_groups")
        .putObject("group_0")
        .putObject("weights")
        .put("num_bits", bits)
        .put("group_size", group);
    return config;
  }

  private static List<TensorSlot> words(int words, int groups) {
    return PackedForms.FP8.slots(module -> module.endsWith("o_proj")).stream()
        .flatMap(
            slot ->
                slot.name().endsWith("o_proj.weight")
                    ? Stream.of(
                        slot(slot.name() + "_packed", Dtype.I32, 128, words),
                        slot(slot.name() + "_scale", Dtype.BF16, 128, groups),
                        slot(slot.name() + "_shape", Dtype.I64, 2))
                    : Stream.of(slot).filter(other -> !other.name().contains("o_proj")))
        .toList();
  }
}

package dev.coppice.moe.anatomy;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Iterables;
import com.google.common.collect.Sets;
import dev.coppice.moe.family.Families;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.packing.Packing;
import dev.coppice.moe.packing.Packing.Zeroing;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;
import dev.coppice.moe.testing.PackedForms;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tensors that become zero where a copied layer of a family starts as the identity: the weights and
 * biases of its output projections, in whatever form they are packed, and nothing beside them.
 */
class IdentityZeroTest {
  private static final Splitter COMMAS = Splitter.on(", ");
  private static final String LAYER = "model.layers.1.";

  /** Output projections as most families call them: attention, dense, experts, shared experts. */
  private static final String USUAL =
      "self_attn.o_proj, mlp.down_proj, mlp.experts.{expert}.down_proj, =mlp.experts.down_proj,"
          + " mlp.shared_experts.down_proj, mlp.shared_expert.down_proj";

  /** Of the others; {@code =} marks a tensor that is named without {@code .weight}. */
  private static final ImmutableMap<String, String> OUTPUTS =
      ImmutableMap.<String, String>builder()
          .put("dbrx", "norm_attn_norm.attn.out_proj, =ffn.experts.mlp.w2")
          .put("deepseek_v4", "attn.wo_b, ffn.experts.{expert}.w2, ffn.shared_experts.w2")
          .put("gpt_oss", "self_attn.o_proj, =mlp.experts.down_proj")
          .put(
              "granitemoe",
              "self_attn.o_proj, mamba.out_proj, block_sparse_moe.output_linear,"
                  + " shared_mlp.output_linear")
          .put(
              "granitemoe_swa",
              "self_attn.o_proj, =block_sparse_moe.experts.down_proj,"
                  + " block_sparse_moe.output_linear, shared_mlp.output_linear")
          .put(
              "hunyuan_v1_moe",
              "self_attn.o_proj, mlp.experts.{expert}.down_proj, =mlp.experts.down_proj,"
                  + " mlp.shared_mlp.down_proj")
          .put(
              "hy_v3",
              "self_attn.o_proj, mlp.down_proj, mlp.experts.{expert}.down_proj,"
                  + " =mlp.experts.down_proj, mlp.shared_mlp.down_proj")
          .put(
              "jamba",
              "self_attn.o_proj, mamba.out_proj, feed_forward.down_proj,"
                  + " feed_forward.experts.{expert}.down_proj")
          .put("jetmoe", "self_attention.experts.output_linear, mlp.output_linear")
          .put(
              "kimi_linear",
              "self_attn.o_proj, mlp.down_proj, block_sparse_moe.experts.{expert}.w2,"
                  + " block_sparse_moe.shared_experts.down_proj, block_sparse_moe.down_proj")
          .put(
              "lfm2_moe",
              "self_attn.out_proj, conv.out_proj, feed_forward.w2,"
                  + " feed_forward.experts.{expert}.w2")
          .put(
              "llama4",
              "self_attn.o_proj, feed_forward.down_proj, =feed_forward.experts.down_proj,"
                  + " feed_forward.experts.{expert}.down_proj,"
                  + " feed_forward.shared_expert.down_proj")
          .put(
              "longcat_flash",
              "self_attn.0.o_proj, self_attn.1.o_proj, mlps.0.down_proj, mlps.1.down_proj,"
                  + " mlp.experts.{expert}.down_proj, =mlp.experts.down_proj")
          .put(
              "minimax",
              "self_attn.o_proj, self_attn.out_proj, block_sparse_moe.experts.{expert}.w2")
          .put("minimax_m2", "self_attn.o_proj, block_sparse_moe.experts.{expert}.w2")
          .put(
              "mixtral",
              "self_attn.o_proj, block_sparse_moe.experts.{expert}.w2, =mlp.experts.down_proj")
          .put(
              "nemotron_h",
              "mixer.out_proj, mixer.o_proj, mixer.down_proj, mixer.experts.{expert}.down_proj,"
                  + " mixer.shared_experts.down_proj, mixer.fc2_latent_proj")
          .put("phimoe", "self_attn.o_proj, block_sparse_moe.experts.{expert}.w2")
          .put("qwen3_5_moe", USUAL + ", linear_attn.out_proj")
          .put("qwen3_next", USUAL + ", linear_attn.out_proj")
          .buildOrThrow();

  /** Modules of some family that write to no residual stream. */
  private static final ImmutableList<String> OTHERS =
      ImmutableList.of(
          "input_layernorm",
          "post_attention_layernorm",
          "post_mlp_layernorm",
          "norm_attn_norm.norm_1",
          "self_attn.o_norm",
          "self_attn.q_proj",
          "self_attn.kv_b_proj",
          "self_attn.g_b_proj",
          "linear_attn.norm",
          "linear_attn.in_proj_qkvz",
          "mamba.in_proj",
          "mamba.norm",
          "mixer.norm",
          "mixer.in_proj",
          "mlp.gate",
          "mlp.gate_proj",
          "mlp.up_proj",
          "mlp.shared_expert_gate",
          "mlp.experts.{expert}.gate_proj",
          "mlp.experts.{expert}.up_proj",
          "mixer.fc1_latent_proj",
          "block_sparse_moe.gate",
          "block_sparse_moe.input_linear",
          "block_sparse_moe.experts.{expert}.w1",
          "block_sparse_moe.experts.{expert}.w3",
          "feed_forward.router",
          "attn.wo_a",
          "ffn.experts.{expert}.w3");

  /** What stands beside a packed weight with a fixed scale of its input, or beside none. */
  private static final ImmutableList<String> BESIDE =
      ImmutableList.of(
          ".input_scale",
          ".input_global_scale",
          ".input_scale_ub",
          ".input_zero_point",
          ".activation_scale",
          ".act_scale",
          ".output_scale",
          ".pre_quant_scale",
          ".input_quantizer._amax",
          ".input_quantizer._pre_quant_scale");

  /** The same beside a tensor that is named without {@code .weight}. */
  private static final ImmutableList<String> BESIDE_FUSED =
      ImmutableList.of(
          "_input_scale", "_weight_scale", "_weight_scale_2", "_weight_global_scale", "_scale_inv");

  static List<Family> families() {
    Families families = Families.builtIn();
    return families.modelTypes().stream()
        .map(families::named)
        .distinct()
        .filter(family -> !family.traits().zero().isEmpty())
        .toList();
  }

  private static List<String> outputs(Family family) {
    return COMMAS.splitToList(OUTPUTS.getOrDefault(family.name(), USUAL));
  }

  /** Tensors of one family: their names with {@code {expert}}, and which shall become zero. */
  private record Layer(List<TensorSlot> slots, Map<String, String> siteNames, Set<String> zero) {
    Layer() {
      this(new ArrayList<>(), new HashMap<>(), new TreeSet<>());
    }

    void add(String site, TensorSlot slot) {
      slots.add(slot);
      siteNames.put(slot.name(), site + slot.name().substring(fullName(site).length()));
    }

    void add(String site, String ending, Dtype dtype, Long... shape) {
      add(site, new TensorSlot(fullName(site) + ending, dtype, ImmutableList.copyOf(shape)));
    }

    Set<String> zeroed(Family family, PackedForms form) {
      Packing packing = Packing.of(form.config(), slots);
      Set<String> zeroed = new TreeSet<>();
      for (TensorSlot slot : slots) {
        if (Glob.matchesAny(family.traits().zero(), siteNames.get(slot.name()))
            && packing.zeroing(slot) == Zeroing.ZERO) {
          zeroed.add(slot.name());
        }
      }
      return zeroed;
    }
  }

  private static String fullName(String site) {
    return LAYER + site.replace("{expert}", "3");
  }

  private static Layer layer(Family family, PackedForms form) {
    Layer layer = new Layer();
    for (String output : outputs(family)) {
      if (output.startsWith("=")) {
        addFused(layer, output.substring(1));
      } else {
        addPacked(layer, form, output);
        layer.add(output, ".bias", Dtype.BF16, 128L);
        // an exact pattern names a tensor of jetmoe's, which has one bias for all
        layer.zero().add(fullName(output) + ".bias");
        form.zero().forEach(ending -> layer.zero().add(fullName(output) + ending));
      }
    }
    OTHERS.forEach(other -> addPacked(layer, form, other));
    OTHERS.forEach(other -> layer.add(other, ".bias", Dtype.BF16, 128L));
    return layer;
  }

  private static void addPacked(Layer layer, PackedForms form, String site) {
    form.module(fullName(site), 128, 64).forEach(slot -> layer.add(site, slot));
    Set<String> there = Sets.newHashSet(Iterables.transform(layer.slots(), TensorSlot::name));
    for (String ending : BESIDE) {
      if (!there.contains(fullName(site) + ending)) {
        layer.add(site, ending, Dtype.F32);
      }
    }
  }

  private static void addFused(Layer layer, String site) {
    layer.add(site, "", Dtype.BF16, 4L, 128L, 64L);
    layer.zero().add(fullName(site));
    BESIDE_FUSED.forEach(ending -> layer.add(site, ending, Dtype.F32, 4L));
  }

  @Test
  void everyFamilyThatCanStartAsIdentityIsHere() {
    assertThat(families()).hasSizeGreaterThanOrEqualTo(39);
    assertThat(families().stream().map(Family::name)).containsAll(OUTPUTS.keySet());
  }

  @ParameterizedTest
  @MethodSource("families")
  void onlyWhatMultipliesBecomesZero(Family family) {
    for (PackedForms form : PackedForms.values()) {
      if (!form.zero().contains("")) {
        Layer layer = layer(family, form);
        assertThat(layer.zeroed(family, form))
            .as("%s %s", family.name(), form)
            .isEqualTo(layer.zero());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void everyPatternNamesAnOutputProjection(Family family) {
    Layer layer = layer(family, PackedForms.FP8);
    layer.add("mlp", ".bias", Dtype.BF16, 128L);
    layer.add("self_attention.experts", ".bias", Dtype.BF16, 128L);
    for (String pattern : family.traits().zero()) {
      assertThat(layer.siteNames().values())
          .as("%s %s", family.name(), pattern)
          .anyMatch(name -> Glob.matches(pattern, name));
    }
  }

  @Test
  void floatsOfUnknownMeaningBesideAnOutputAreNoZero() {
    ImmutableSet<String> unknown =
        ImmutableSet.of(".smoothing_shift", ".out_norm.weight", ".special_scale");
    Layer layer = new Layer();
    layer.add("self_attn.o_proj", ".weight", Dtype.BF16, 8L, 8L);
    unknown.forEach(ending -> layer.add("self_attn.o_proj", ending, Dtype.F32, 8L));
    Packing packing = Packing.of(PackedForms.FP8.config(), layer.slots());
    assertThat(layer.slots().stream().map(packing::zeroing))
        .containsExactly(Zeroing.ZERO, Zeroing.CANNOT, Zeroing.CANNOT, Zeroing.CANNOT);
  }
}

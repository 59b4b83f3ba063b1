package dev.coppice.growth.depth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.Invariant;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.growth.plan.TensorRecipe;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;
import dev.coppice.moe.testing.PackedForms;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Copies that start as identities: what multiplies a packed weight is zero, and nothing else. */
class PackedIdentityTest {
  private static GrowthPlan grown(PackedForms form) {
    GrowthPlan source =
        GrowthPlan.unchanged(
            Family.named("qwen3_moe"), form.config(), form.slots(PackedForms::isProjection), 0);
    return new Interpose(2, 0, 0, true).apply(source);
  }

  @ParameterizedTest
  @EnumSource(names = "NF4_NESTED", mode = EnumSource.Mode.EXCLUDE)
  void onlyWhatMultipliesTheWeightIsZero(PackedForms form) {
    GrowthPlan plan = grown(form);
    assertThat(plan.invariant()).isEqualTo(Invariant.IDENTITY);
    assertThat(
            plan.tensors().values().stream()
                .filter(tensor -> tensor.recipe() instanceof TensorRecipe.Zero)
                .map(PlannedTensor::name)
                .collect(Collectors.toSet()))
        .isEqualTo(
            Stream.of(1, 3)
                .flatMap(
                    layer ->
                        Stream.of(
                                "self_attn.o_proj",
                                "mlp.experts.0.down_proj",
                                "mlp.experts.1.down_proj",
                                "mlp.experts.2.down_proj",
                                "mlp.experts.3.down_proj")
                            .map(module -> "model.layers." + layer + "." + module))
                .flatMap(module -> form.zero().stream().map(ending -> module + ending))
                .collect(Collectors.toSet()));
  }

  @ParameterizedTest
  @EnumSource(names = "NF4_NESTED")
  void refusesAFormThatCannotSayZero(PackedForms form) {
    assertThatThrownBy(() -> grown(form))
        .isInstanceOf(CoppiceException.class)
        .hasMessageStartingWith(
            "copied layers cannot start as identities: no rule gives the form of zero in"
                + " packed tensor 'model.layers.0.mlp.experts.0.down_proj.weight.absmax' (U8 [");
  }

  @Test
  void refusesFloatsOfWhichNothingSaysWhatTheyDo() {
    ImmutableList.Builder<TensorSlot> slots = ImmutableList.builder();
    slots.addAll(PackedForms.FP8.slots(PackedForms::isProjection));
    for (int layer = 0; layer < 2; layer++) {
      slots.add(
          new TensorSlot(
              "model.layers." + layer + ".self_attn.o_proj.special_shift",
              Dtype.F32,
              ImmutableList.of(128L)));
    }
    GrowthPlan source =
        GrowthPlan.unchanged(Family.named("qwen3_moe"), PackedForms.FP8.config(), slots.build(), 0);
    assertThatThrownBy(() -> new Interpose(2, 0, 0, true).apply(source))
        .isInstanceOf(CoppiceException.class)
        .hasMessage(
            "copied layers cannot start as identities: no rule gives the form of zero in an"
                + " output projection with tensor 'model.layers.0.self_attn.o_proj.special_shift'"
                + " (F32 [128]); grow without --identity");
  }
}

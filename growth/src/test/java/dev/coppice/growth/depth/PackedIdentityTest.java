package dev.coppice.growth.depth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.Invariant;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.growth.plan.TensorRecipe;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.testing.PackedForms;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
            "copied layers cannot start as identities: nothing says how zero is written in packed"
                + " tensor 'model.layers.0.mlp.experts.0.down_proj.weight.absmax' (U8 [");
  }
}

package dev.coppice.growth.width;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.TestFolder;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.Invariant;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class DuplicateExpertsTest {
  private static MoeSpec spec(LayerSpec layer) {
    return new MoeSpec(
        "qwen3_moe",
        11,
        4,
        GroupedAttention.plain(1, 1, 2, true, 10_000),
        new RouterSpec(true),
        ImmutableList.of(layer),
        1e-6,
        true,
        64);
  }

  /** A plan whose tensors are said to be 8-bit floats. */
  private static GrowthPlan eightBit(GrowthPlan plan) {
    return plan.with(
        plan.config(),
        plan.tensors().values().stream()
            .map(
                tensor ->
                    new PlannedTensor(
                        new TensorSlot(tensor.name(), Dtype.F8_E4M3, tensor.slot().shape()),
                        tensor.site(),
                        tensor.recipe()))
            .toList(),
        new GrowthPlan.Effect(Invariant.IDENTITY, ImmutableList.of()));
  }

  @Test
  void refusesToNoiseDtypesItCannotCalculateWith() throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec(new LayerSpec.Moe(2, 1, 4)), Dtype.BF16)) {
      GrowthPlan plan = eightBit(GrowthPlan.unchanged(source, 0));
      assertThatThrownBy(() -> DuplicateExperts.times(2, 0.01).apply(plan))
          .isInstanceOf(CoppiceException.class)
          .hasMessage(
              "family qwen3_moe cannot noise new experts, since noise needs a tensor of dtype BF16,"
                  + " F16 or F32, got F8_E4M3 (model.layers.0.mlp.experts.0.down_proj.weight);"
                  + " copies without noise (--noise 0) keep quantised numbers as they are")
          .extracting(e -> ((CoppiceException) e).kind())
          .isEqualTo(ErrorKind.INPUT_INVALID);
      assertThat(DuplicateExperts.times(2, 0).apply(plan).anatomy().experts()).isEqualTo(4);
    }
  }

  @Test
  void refusesAModelWithoutExperts() throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec(new LayerSpec.Dense(4)), Dtype.BF16)) {
      assertThatThrownBy(() -> GrowthPlan.of(source, DuplicateExperts.times(2, 0.01), 0))
          .isInstanceOf(CoppiceException.class)
          .hasMessage("family qwen3_moe cannot grow in width, since it has no layer with experts");
    }
  }
}

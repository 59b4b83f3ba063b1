package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.anatomy.Anatomy;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The paper's way from 17B over 35B to 70B, on paper: names and shapes alone, no weight anywhere.
 *
 * <p>Layers, experts and top-k are published (arXiv 2510.08008 and its first author's post); hidden
 * size, expert width, attention and vocabulary are not, and are derived from the published counts.
 */
class PaperShapesTest {
  private static final MoeSpec BASE =
      new MoeSpec(
          "qwen3_moe",
          200_000,
          2048,
          GroupedAttention.plain(16, 4, 128, true, 10_000),
          new RouterSpec(true),
          ImmutableList.copyOf(Collections.nCopies(28, new LayerSpec.Moe(96, 6, 1024))),
          1e-6,
          false,
          4096);

  private static GrowthPlan plan() {
    Family family = Family.named(BASE.family());
    List<TensorSlot> slots =
        family.expectedTensors(BASE).entrySet().stream()
            .map(tensor -> new TensorSlot(tensor.getKey(), Dtype.BF16, tensor.getValue()))
            .toList();
    return GrowthPlan.unchanged(family, family.configFor(BASE), slots, 0);
  }

  private static void check(GrowthPlan plan, double total, double active) {
    Anatomy anatomy = plan.anatomy();
    assertThat((double) anatomy.counts().parameters()).isCloseTo(total * 1e9, withinPercentage(1));
    // the published figures count the look-up in the embedding as active; ours do not
    double lookUp = (double) BASE.vocabularySize() * BASE.hiddenSize();
    assertThat(anatomy.counts().active() + lookUp).isCloseTo(active * 1e9, withinPercentage(5));
  }

  @Test
  void countsAreThePublishedOnes() {
    GrowthPlan base = plan();
    check(base, 18.0, 2.1);
    GrowthPlan deeper = Interpose.times(2).apply(base);
    check(deeper, 35.2, 3.5);
    GrowthPlan wider = DuplicateExperts.times(2, 0.01).apply(deeper);
    check(wider, 69.0, 5.6);
    assertThat(wider.anatomy().layerCount()).isEqualTo(56);
    assertThat(wider.anatomy().experts()).isEqualTo(192);
    assertThat(wider.anatomy().topK()).isEqualTo(12);
    assertThat(DuplicateExperts.times(2, 0.01).apply(base).anatomy().counts().active())
        .as("width before depth")
        .isLessThan(deeper.anatomy().counts().active());
  }
}

package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.growth.Growths.Deeper;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.Invariant;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.growth.width.DuplicateExperts.Placement;
import dev.coppice.growth.width.DuplicateExperts.TopK;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.testing.MoeSpecs;
import java.io.IOException;
import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** I4 and I5: what growth keeps of the function, asked of the model itself. */
class FunctionPropertyTest {
  private static final double ROUNDING = 1e-5;

  @Provide
  Arbitrary<MoeSpec> specs() {
    return MoeSpecs.arbitrary();
  }

  @Provide
  Arbitrary<Deeper> deeper() {
    return Growths.deeper();
  }

  @Provide
  Arbitrary<Placement> placements() {
    return Arbitraries.of(Placement.values());
  }

  /** I4: without noise and with top-k scaled, logits are kept; with top-k kept, they are not. */
  @Property(tries = 15)
  void widthWithoutNoiseKeepsLogits(
      @ForAll("specs") MoeSpec spec, @ForAll("placements") Placement placement) throws IOException {
    Assume.that(spec.firstMoe().isPresent());
    int topK = spec.firstMoe().orElseThrow().topK();
    DuplicateExperts exact = DuplicateExperts.times(2, 0).withPlacement(placement);
    DuplicateExperts broken = exact.withTopK(TopK.KEEP);
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec, Dtype.F32)) {
      assertThat(GrowthPlan.of(source, exact, 3).invariant()).isEqualTo(Invariant.EXACT);
      assertThat(GrowthPlan.of(source, broken, 3).invariant()).isEqualTo(Invariant.NONE);
      float[] before = logits(source, spec);
      assertThat(distance(before, grown(folder, source, exact, "exact"))).isLessThan(ROUNDING);
      if (topK > 1) {
        assertThat(distance(before, grown(folder, source, broken, "broken")))
            .isGreaterThan(10 * ROUNDING);
      }
    }
  }

  /** I5: copies that start as identities leave every bit of the logits. */
  @Property(tries = 15)
  void identityLayersKeepEveryBit(@ForAll("specs") MoeSpec spec, @ForAll("deeper") Deeper deeper)
      throws IOException {
    GrowthOperator growth = deeper.of(spec.layerCount());
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(spec, Dtype.F32)) {
      float[] before = logits(source, spec);
      float[] after = grown(folder, source, growth, "grown");
      Invariant invariant = GrowthPlan.of(source, growth, 3).invariant();
      if (deeper.identity()) {
        assertThat(invariant).isEqualTo(Invariant.IDENTITY);
        assertThat(after).isEqualTo(before);
      } else {
        assertThat(invariant).isEqualTo(Invariant.NONE);
        assertThat(distance(before, after)).isGreaterThan(10 * ROUNDING);
      }
    }
  }

  private static float[] grown(
      TestFolder folder, Checkpoint source, GrowthOperator growth, String name) throws IOException {
    try (Checkpoint grown = folder.grow(source, GrowthRequest.of(growth, 3), name)) {
      return logits(grown, grown.spec());
    }
  }

  private static float[] logits(Checkpoint checkpoint, MoeSpec spec) throws IOException {
    int[] ids = new int[2 * 6];
    Arrays.setAll(ids, i -> (i * 7 + 3) % spec.vocabularySize());
    try (LanguageModel model = LanguageModel.open(checkpoint, Precision.FLOAT32)) {
      return model.logits(new TokenBatch(ids, ids.clone(), 2, 6));
    }
  }

  /** Largest difference over largest logit. */
  private static double distance(float[] before, float[] after) {
    assertThat(after).hasSameSizeAs(before);
    double difference = 0;
    double largest = 0;
    for (int i = 0; i < before.length; i++) {
      difference = Math.max(difference, Math.abs(before[i] - after[i]));
      largest = Math.max(largest, Math.abs(before[i]));
    }
    return difference / largest;
  }
}

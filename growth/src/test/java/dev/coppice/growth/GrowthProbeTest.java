package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.growth.plan.Invariant;
import org.junit.jupiter.api.Test;

class GrowthProbeTest {
  private static final float[] BEFORE = {1, -4, 2};

  @Test
  void judgesByThePromise() {
    float[] near = {1, -4, Math.nextUp(2f)};
    float[] far = {1, -4, 2.001f};
    assertThat(GrowthProbe.judge(BEFORE, BEFORE.clone(), Invariant.IDENTITY).kept()).hasValue(true);
    assertThat(GrowthProbe.judge(BEFORE, near, Invariant.IDENTITY).broken()).isTrue();
    assertThat(GrowthProbe.judge(BEFORE, near, Invariant.EXACT).kept()).hasValue(true);
    assertThat(GrowthProbe.judge(BEFORE, far, Invariant.EXACT).broken()).isTrue();
    assertThat(GrowthProbe.judge(BEFORE, far, Invariant.NONE).kept()).isEmpty();
    assertThat(GrowthProbe.judge(BEFORE, far, Invariant.NONE).maxRelativeDifference())
        .isBetween(2.4e-4, 2.6e-4);
  }

  @Test
  void numbersThatAreNoneBreakAPromise() {
    float[] broken = {1, Float.NaN, 2};
    assertThat(GrowthProbe.judge(BEFORE, broken, Invariant.EXACT).broken()).isTrue();
    assertThat(GrowthProbe.judge(BEFORE, broken, Invariant.IDENTITY).broken()).isTrue();
    assertThat(GrowthProbe.judge(BEFORE, new float[] {1}, Invariant.EXACT).broken()).isTrue();
  }
}

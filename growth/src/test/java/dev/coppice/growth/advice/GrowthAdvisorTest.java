package dev.coppice.growth.advice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.GrowthProgress;
import dev.coppice.growth.TestFolder;
import dev.coppice.growth.norm.NormProfile;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.io.IOException;
import java.math.BigInteger;
import java.util.Collections;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GrowthAdvisorTest {
  private static final MoeSpec SPEC =
      new MoeSpec(
          "mixtral",
          17,
          8,
          GroupedAttention.plain(2, 1, 4, false, 10_000),
          new RouterSpec(true),
          ImmutableList.copyOf(Collections.nCopies(5, new LayerSpec.Moe(4, 2, 8))),
          1e-6,
          false,
          64);

  private static AdviceRequest request(
      Optional<BigInteger> budget, Optional<BigInteger> tokens, Optional<BigInteger> sunk) {
    return new AdviceRequest(budget, tokens, sunk, 2, 2, true);
  }

  private static Optional<BigInteger> some(long number) {
    return Optional.of(BigInteger.valueOf(number));
  }

  private interface Check {
    void check(Checkpoint source) throws IOException;
  }

  private static void with(Check check) throws IOException {
    try (TestFolder folder = new TestFolder();
        Checkpoint source = folder.source(SPEC, Dtype.F32)) {
      check.check(source);
    }
  }

  private static Advice advise(Checkpoint source, AdviceRequest request) throws IOException {
    return GrowthAdvisor.advise(source, request, GrowthProgress.NONE);
  }

  @Test
  void saysWhatItDoesNotKnow() throws IOException {
    with(
        source -> {
          Advice advice =
              advise(source, request(Optional.empty(), Optional.empty(), Optional.empty()));
          assertThat(advice.finding("sunk").verdict()).isEqualTo("unknown");
          assertThat(advice.finding("sunk").numbers()).doesNotContainKey("sunk_flops");
          assertThat(advice.finding("depth_method").verdict()).isEqualTo("unknown");
          assertThat(advice.finding("compute").verdict()).isEqualTo("unknown");
          assertThat(advice.finding("axes").verdict()).isEqualTo("depth");
        });
  }

  /** The boundary is 120·N²: one token an active parameter below 20 N is below, one above above. */
  @Test
  void knowsTheBoundary() throws IOException {
    with(
        source -> {
          long active = source.anatomy().counts().active();
          Advice below =
              advise(source, request(Optional.empty(), some(20 * active), Optional.empty()));
          assertThat(below.finding("sunk").verdict()).isEqualTo("below");
          assertThat(below.finding("sunk").numbers().get("sunk_over_boundary")).isEqualTo(1.0);
          assertThat(below.finding("depth_method").verdict()).isEqualTo("tie");
          Advice above =
              advise(source, request(Optional.empty(), some(20 * active + 1), Optional.empty()));
          assertThat(above.finding("sunk").verdict()).isEqualTo("above");
          assertThat(above.finding("depth_method").verdict()).isEqualTo("interpose");
        });
  }

  @Test
  void weighsTheBudgetAgainstTheSunkCompute() throws IOException {
    with(
        source -> {
          Optional<BigInteger> sunk = some(900_000_000_000L);
          Advice enough = advise(source, request(sunk, Optional.empty(), sunk));
          assertThat(enough.finding("compute").verdict()).isEqualTo("enough");
          assertThat(enough.finding("axes").verdict()).isEqualTo("both");
          assertThat(enough.recommendation().command())
              .isEqualTo(
                  "coppice grow %s %s-grown --depth 2 --width 2 --noise 0.01"
                      .formatted(source.folder(), source.folder()));
          Advice half = advise(source, request(some(450_000_000_000L), Optional.empty(), sunk));
          assertThat(half.finding("compute").verdict()).isEqualTo("borderline");
          assertThat(half.recommendation().command()).endsWith("-grown --depth 2");
          Advice little = advise(source, request(some(9_000_000_000L), Optional.empty(), sunk));
          assertThat(little.finding("compute").verdict()).isEqualTo("too_little");
          assertThat(little.recommendation().reason()).contains("short of the sunk compute");
        });
  }

  @Test
  void sizesAreThoseOfThePlans() throws IOException {
    with(
        source -> {
          Optional<BigInteger> sunk = some(9_000_000L);
          Advice advice = advise(source, request(sunk, Optional.empty(), sunk));
          GrowthOperator both = advice.recommendation().operator().orElseThrow();
          GrowthPlan plan = GrowthPlan.of(source, both, 0);
          assertThat(advice.size("both").active()).isEqualTo(plan.anatomy().counts().active());
          assertThat(advice.finding("compute").numbers().get("scratch_flops"))
              .isEqualTo(SunkCompute.chinchilla(plan.anatomy().counts().active()));
          assertThat(advice.size("depth").active()).isGreaterThan(advice.size("source").active());
        });
  }

  /** The paper's 20 layers: from .0323 to .0356 in even steps, the seam is 19 mean slopes. */
  @Test
  void measuresTheSeamThatStackingWouldMake() {
    NormProfile even =
        new NormProfile(
            IntStream.range(0, 20)
                .mapToObj(layer -> 0.0323 + 0.0033 * layer / 19)
                .collect(ImmutableList.toImmutableList()));
    Finding finding = NormFinding.of(even);
    assertThat(finding.verdict()).isEqualTo("rising");
    assertThat(finding.numbers().get("stack_seam_drop").doubleValue())
        .isCloseTo(0.0033, within(1e-9));
    assertThat(finding.numbers().get("stack_seam_in_mean_slopes").doubleValue())
        .isCloseTo(19, within(1e-6));
    assertThat(finding.numbers().get("interposition_largest_gap").doubleValue())
        .isCloseTo(0.0033 / 19, within(1e-9));
    NormProfile flat = new NormProfile(ImmutableList.of(0.02, 0.0201, 0.02));
    assertThat(NormFinding.of(flat).verdict()).isEqualTo("flat");
    NormProfile falling = new NormProfile(ImmutableList.of(0.03, Double.NaN, 0.02));
    assertThat(NormFinding.of(falling).verdict()).isEqualTo("falling");
    assertThat(NormFinding.of(new NormProfile(ImmutableList.of(1.0))).verdict())
        .isEqualTo("too_short");
  }

  @Test
  void everyFindingHasASource() throws IOException {
    with(
        source -> {
          Advice advice =
              advise(source, new AdviceRequest(some(1), some(1), Optional.empty(), 3, 3, false));
          assertThat(advice.findings())
              .extracting(Finding::topic)
              .containsExactly(
                  "sunk", "norms", "depth_method", "axes", "compute", "learning_rate", "edges");
          assertThat(advice.findings()).allMatch(finding -> finding.source().length() > 20);
          assertThat(advice.finding("norms").verdict()).isEqualTo("not_measured");
          assertThatThrownBy(() -> advice.finding("no"))
              .hasMessage("topic must be one of the advice's, got 'no'");
        });
    assertThatThrownBy(
            () -> new AdviceRequest(some(0), Optional.empty(), Optional.empty(), 2, 2, false))
        .hasMessage("budget must be positive, got 0");
  }
}

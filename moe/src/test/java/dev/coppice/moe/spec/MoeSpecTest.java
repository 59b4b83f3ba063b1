package dev.coppice.moe.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.spec.GroupedAttention.HeadNorm;
import dev.coppice.moe.spec.RouterSpec.GroupScore;
import dev.coppice.moe.spec.RouterSpec.Scoring;
import org.junit.jupiter.api.Test;

class MoeSpecTest {
  @Test
  void countsTheSpeedModel() {
    var layer = new LayerSpec.Moe(8, 2, 512);
    var spec =
        new MoeSpec(
            "qwen3_moe",
            512,
            256,
            GroupedAttention.plain(4, 4, 64, true, 10_000),
            new RouterSpec(true),
            ImmutableList.of(layer, layer, layer, layer),
            1e-6,
            true,
            512);
    assertThat(spec.parameterCount()).isEqualTo(13_773_568L);
  }

  @Test
  void countsWhatATokenMeets() {
    // one token meets K of E experts, every bias and sink, the shared expert, and the head
    var attention =
        new GroupedAttention(
            4, 2, 8, HeadNorm.WHOLE, true, true, true, 0.5, RopeSpec.plain(8, 10_000));
    var spec =
        new MoeSpec(
            "some",
            10,
            16,
            attention,
            new RouterSpec(Scoring.SIGMOID, true, true, true, 2, 1, GroupScore.MAX, 2),
            ImmutableList.of(new LayerSpec.Moe(6, 2, 5, 3, true), new LayerSpec.Dense(7)),
            1e-6,
            false,
            64,
            ImmutableList.of(9, 0),
            new GateSpec(true, 1.7, 7, true),
            Multipliers.NONE);
    long attends = (64 + 32) * 16 + 64 + 16 + 32 + 16 + 4;
    long expert = 3 * 16 * 5 + 2 * 5 + 16;
    long shared = 3 * 16 * 3 + 16;
    long router = 6 * 16 + 6;
    long rest = 2 * (attends + 2 * 16) + router + shared + 3 * 16 * 7 + 10 * 16 + 16;
    assertThat(spec.parameterCount()).isEqualTo(rest + 6 * expert + 10 * 16);
    assertThat(spec.activeParameterCount()).isEqualTo(rest + 2 * expert);
    assertThat(spec.attentionFlopsPerToken(32)).isEqualTo(12 * 4 * 8 * (9 + 32));
    assertThat(spec.attentionFlopsPerToken(5)).isEqualTo(12 * 4 * 8 * (5 + 5));
  }

  @Test
  void countsLatentAttention() {
    var attention = new LatentAttention(4, 12, 16, 6, 8, 10, true, 0.3, RopeSpec.plain(8, 10_000));
    long biases = 12 + 16 + 8 + 24;
    long matrices = (12 + 16 + 8) * 24 + 4 * 14 * 12 + 4 * 16 * 16 + 24 * 4 * 10;
    assertThat(attention.parameterCount(24)).isEqualTo(matrices + biases + 12 + 16);
    assertThat(attention.scoreDim()).isEqualTo(14);
  }

  @Test
  void groupsMustFitTheExperts() {
    assertThatThrownBy(() -> grouped(3, 1))
        .hasMessage("router groups must divide the 8 experts, got 3");
    assertThatThrownBy(() -> grouped(8, 4))
        .hasMessage("a group must have two experts to sum, got 8 groups");
    assertThatThrownBy(() -> grouped(4, 1))
        .hasMessage("top-k must be at most the 2 experts of the chosen groups, got 3");
    assertThat(grouped(4, 2).router().groups()).isEqualTo(4);
  }

  private static MoeSpec grouped(int groups, int topGroups) {
    return new MoeSpec(
        "some",
        10,
        16,
        GroupedAttention.plain(2, 1, 8, false, 10_000),
        new RouterSpec(
            Scoring.SIGMOID, true, false, true, groups, topGroups, GroupScore.TOP_TWO_SUM, 1),
        ImmutableList.of(new LayerSpec.Moe(8, 3, 5)),
        1e-6,
        false,
        64);
  }
}

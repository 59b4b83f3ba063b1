package dev.coppice.moe.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Threads grow with the operations of a step, from one to all cores. */
class ThreadRuleTest {
  private static MoeSpec model(int width) {
    return new MoeSpec(
        "qwen3_moe",
        256,
        width,
        GroupedAttention.plain(1, 1, 64, true, 10_000),
        new RouterSpec(true),
        ImmutableList.of(new LayerSpec.Moe(8, 2, width)),
        1e-6,
        true,
        4096);
  }

  @Test
  void aTinyModelTakesOneThreadHoweverManyCoresThereAre() {
    assertThat(ThreadRule.threads(model(64), 2, 32, 64)).isOne();
  }

  @Test
  void eachThreadHasABillionOperations() {
    MoeSpec model = model(256);
    double perToken = model.flopsPerToken() + model.attentionFlopsPerToken(64);
    int batch = (int) Math.ceil(3e9 / (perToken * 64));
    assertThat(ThreadRule.threads(model, batch, 64, 16)).isEqualTo(3);
    assertThat(ThreadRule.threads(model, batch - 1, 64, 16)).isEqualTo(2);
  }

  @Property
  void moreWorkNeverTakesFewerThreadsAndNeverMoreThanCores(
      @ForAll @IntRange(min = 1, max = 512) int batch,
      @ForAll @IntRange(min = 1, max = 512) int sequence,
      @ForAll @IntRange(min = 1, max = 128) int cores) {
    MoeSpec model = model(128);
    int threads = ThreadRule.threads(model, batch, sequence, cores);
    assertThat(threads).isBetween(1, cores);
    assertThat(ThreadRule.threads(model, 2 * batch, sequence, cores)).isBetween(threads, cores);
  }
}

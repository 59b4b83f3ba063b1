package dev.coppice.moe.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.backend.Backend;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.SmallModel;
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

  @Test
  void aStepOfOneTokenOfALargeModelTakesMoreThreadsThanItsOperationsAlone() {
    Backend here = Backend.forThisMachine();
    MoeSpec large = model(2048);
    assertThat(ThreadRule.threads(large, 1, 1, 64)).isOne();
    assertThat(ThreadRule.threads(large, 1, 16, 64)).isEqualTo(2);
    assertThat(ThreadRule.threadsOfStep(here, large, 1))
        .isEqualTo(ThreadRule.threads(here, large, 1, 16));
    assertThat(ThreadRule.threadsOfStep(here, large, 64))
        .isEqualTo(ThreadRule.threads(here, large, 1, 64));
  }

  @Test
  void logitsRoutersAndGenerationTakeTheThreadsOfTheRule() {
    try (LanguageModel model = LanguageModel.fresh(SmallModel.config(), 1, Precision.FLOAT32)) {
      TokenBatch batch = SmallModel.batch(1);
      Backend here = Backend.forThisMachine();
      int one = here.threadsGiven() ? here.facts().threads() : 1;
      assertThat(using(model, () -> model.logits(batch))).isEqualTo(one);
      assertThat(using(model, () -> model.routers(batch))).isEqualTo(one);
      try (Generation text = model.generation(8)) {
        assertThat(using(model, () -> text.append(1, 2, 3))).isEqualTo(one);
        assertThat(using(model, () -> text.append(4))).isEqualTo(one);
      }
      model.threads(3);
      assertThat(using(model, () -> model.logits(batch))).as("the given number").isEqualTo(3);
    }
  }

  /** Threads of an operation; those of the engine are the same behind it. */
  private static int using(LanguageModel model, Runnable operation) {
    int engine = Backend.forThisMachine().facts().threads();
    model.workers().alone(engine + 1, () -> 0);
    operation.run();
    assertThat(Backend.forThisMachine().facts().threads()).isEqualTo(engine);
    return model.workers().lastAlone();
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

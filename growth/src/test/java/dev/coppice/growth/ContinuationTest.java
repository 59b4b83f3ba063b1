package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.moment.MomentRule;
import dev.coppice.growth.moment.TinyState;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.train.AdamWSettings;
import dev.coppice.moe.train.Learner;
import dev.coppice.moe.train.LossWeights;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Training that goes on after width growth, beside training that goes on without. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ContinuationTest {
  private static final int BEFORE = 25;
  private static final int AFTER = 8;
  private static final double RATE = 3e-3;
  private static final double UNCLIPPED = 1e30;
  private static final double CLIPPED = 1;
  private static final double EPSILON = 1e-8;
  private static final double SAME = 1e-6;
  private static final double OTHER = 1e-3;

  private static final MoeSpec SPEC =
      new MoeSpec(
          "qwen3_moe",
          64,
          16,
          GroupedAttention.plain(2, 1, 8, true, 10_000),
          new RouterSpec(true),
          ImmutableList.of(new LayerSpec.Moe(4, 2, 12), new LayerSpec.Moe(4, 2, 12)),
          1e-6,
          false,
          64);

  private final Map<Double, double[]> ungrown = new HashMap<>();
  private TestFolder folder;
  private Checkpoint trained;

  @BeforeAll
  void train() throws IOException {
    folder = new TestFolder();
    try (Checkpoint start = folder.source(SPEC, Dtype.F32);
        LanguageModel model = LanguageModel.open(start, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      for (int step = 0; step < BEFORE; step++) {
        step(learner, step, UNCLIPPED);
      }
      try (CheckpointWriter writer = CheckpointWriter.begin(folder.of("trained"))) {
        model.writeTo(writer, ShardLayout.DEFAULT_MAX_BYTES);
        learner.state().saveMoments(writer.resolve("coppice-training/optimizer.safetensors"));
        writer.commit();
      }
    }
    trained = Checkpoint.open(folder.of("trained"));
  }

  @AfterAll
  void clean() throws IOException {
    trained.close();
    folder.close();
  }

  private static double step(Learner learner, int step, double clip) {
    Random random = new Random(step);
    int[] ids = new int[4 * 16];
    int[] labels = new int[4 * 16];
    for (int i = 0; i < ids.length; i++) {
      // something to learn: the next token is a function of this one, but for some noise
      ids[i] = i % 16 == 0 ? random.nextInt(64) : labels[i - 1];
      labels[i] = random.nextInt(8) == 0 ? random.nextInt(64) : (ids[i] * 5 + 1) % 64;
    }
    double loss =
        learner.accumulate(new TokenBatch(ids, labels, 4, 16), LossWeights.NONE, 1).crossEntropy();
    learner.update(new AdamWSettings(0.9, 0.95, EPSILON, 0.1, clip), RATE);
    return loss;
  }

  private double[] losses(Checkpoint checkpoint, double clip) throws IOException {
    try (LanguageModel model = LanguageModel.open(checkpoint, Precision.FLOAT32);
        Learner learner = Learner.restore(model, TinyState.file(checkpoint.folder()))) {
      assertThat(learner.steps()).isEqualTo(BEFORE);
      double[] losses = new double[AFTER];
      for (int step = 0; step < AFTER; step++) {
        losses[step] = step(learner, BEFORE + step, clip);
      }
      return losses;
    }
  }

  /** Largest distance between the losses of grown and ungrown training. */
  private double distance(MomentRule rule, int factor, double clip) throws IOException {
    GrowthRequest request =
        GrowthRequest.of(DuplicateExperts.times(factor, 0), 3).withMoments(Optional.of(rule));
    try (Checkpoint grown = folder.grow(trained, request, rule.key() + factor + "-" + clip)) {
      double[] with = losses(grown, clip);
      double[] without = ungrown.get(clip);
      if (without == null) {
        without = losses(trained, clip);
        ungrown.put(clip, without);
      }
      double distance = 0;
      for (int step = 0; step < AFTER; step++) {
        distance = Math.max(distance, Math.abs(with[step] - without[step]));
      }
      return distance;
    }
  }

  /**
   * Scaled moments: the loss is what it would have been without growth. Left are float32's rounding
   * and AdamW's ε, which weighs M times as much: 2e-7 was seen at a loss of 3, and 1e-6 is allowed.
   */
  @Test
  void scaledMomentsGoOnAsIfNothingHadGrown() throws IOException {
    assertThat(distance(MomentRule.SCALE, 2, UNCLIPPED)).isLessThan(SAME);
    assertThat(distance(MomentRule.SCALE, 3, UNCLIPPED)).isLessThan(SAME);
  }

  /** Controls: copied second moments are too large for an M-th of the gradient, zeros too small. */
  @Test
  void copiedAndResetMomentsDoNot() throws IOException {
    assertThat(distance(MomentRule.COPY, 2, UNCLIPPED)).isGreaterThan(OTHER);
    assertThat(distance(MomentRule.RESET, 2, UNCLIPPED)).isGreaterThan(OTHER);
  }

  /** The norm of the gradient falls, so clipped steps grow: near, but not the same. */
  @Test
  void clippingTellsGrownModelsApart() throws IOException {
    double scaled = distance(MomentRule.SCALE, 2, CLIPPED);
    assertThat(scaled).isGreaterThan(10 * SAME);
    assertThat(scaled).isLessThan(distance(MomentRule.COPY, 2, CLIPPED) / 2);
  }
}

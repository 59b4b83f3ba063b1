package dev.coppice.moe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.naive.NaiveWeights;
import dev.coppice.moe.parameter.ParameterLayout;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.Memories;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A batch in parts has the losses and the gradient of the whole batch. */
class BatchPartsTest {
  private static final LossWeights WEIGHTS = new LossWeights(0.5, 0.05);
  private static final int SEQUENCES = 6;
  private static final int SEQUENCE = 10;
  private static final int VOCABULARY = 40;

  /** The last layer is dense, and so no part of the way to the last router. */
  private static final MoeSpec MODEL =
      new MoeSpec(
          "qwen3_moe",
          VOCABULARY,
          32,
          GroupedAttention.plain(2, 2, 16, true, 10_000),
          new RouterSpec(true),
          ImmutableList.of(
              new LayerSpec.Moe(8, 2, 16), new LayerSpec.Moe(8, 2, 16), new LayerSpec.Dense(16)),
          1e-6,
          true,
          64);

  /** Sequences have different numbers of labels, and each favours few tokens: loads differ. */
  private static TokenBatch batch() {
    Random random = new Random(3);
    int[] ids = new int[SEQUENCES * SEQUENCE];
    int[] labels = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      int sequence = i / SEQUENCE;
      ids[i] = 6 * sequence + random.nextInt(3);
      labels[i] = i % SEQUENCE > sequence ? random.nextInt(VOCABULARY) : TokenBatch.IGNORED;
    }
    return new TokenBatch(ids, labels, SEQUENCES, SEQUENCE);
  }

  /** Losses and gradients. */
  private record Result(LossStats stats, List<float[]> gradients) {}

  private static Result of(List<TokenBatch> parts, LossWeights weights, boolean recompute) {
    try (LanguageModel model = LanguageModel.blank(MODEL, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      NaiveWeights.scatter(model, 11);
      learner.recompute(recompute);
      LossStats stats =
          learner.accumulate(ImmutableList.copyOf(parts), weights, 1, Optional.empty());
      List<float[]> gradients = new ArrayList<>();
      List<ParameterLayout.Slot> slots = model.parameters().layout().slots();
      for (int i = 0; i < slots.size(); i++) {
        float[] gradient = new float[(int) slots.get(i).elements()];
        FloatBuffer memory =
            Memories.map(learner.gradients(), i, 0, gradient.length).asFloatBuffer();
        memory.get(gradient);
        gradients.add(gradient);
      }
      return new Result(stats, gradients);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 6})
  void lossesAndGradientsAreThoseOfTheWhole(int parts) {
    for (boolean recompute : new boolean[] {false, true}) {
      Result whole = of(List.of(batch()), WEIGHTS, recompute);
      Result parted = of(batch().shares(parts), WEIGHTS, recompute);
      assertThat(parted.stats().load()).isEqualTo(whole.stats().load());
      assertThat(parted.stats().tokens()).isEqualTo(whole.stats().tokens());
      assertClose(parted.stats().crossEntropy(), whole.stats().crossEntropy());
      assertClose(parted.stats().loadBalance(), whole.stats().loadBalance());
      assertClose(parted.stats().z(), whole.stats().z());
      for (int i = 0; i < whole.gradients().size(); i++) {
        assertClose(parted.gradients().get(i), whole.gradients().get(i));
      }
    }
  }

  /** A control: the loss of each part by itself is another. */
  @Test
  void theMeanOfThePartsOwnLossesIsAnother() {
    double mean =
        batch().shares(SEQUENCES).stream()
            .mapToDouble(part -> of(List.of(part), WEIGHTS, false).stats().loadBalance())
            .average()
            .orElseThrow();
    assertThat(mean)
        .isGreaterThan(1.02 * of(List.of(batch()), WEIGHTS, false).stats().loadBalance());
  }

  @Test
  void aPartWithoutLabelsCountsForTheAuxiliaryLosses() {
    TokenBatch batch = batch();
    int[] labels = batch.labels().clone();
    Arrays.fill(labels, 0, SEQUENCE, TokenBatch.IGNORED);
    TokenBatch some = new TokenBatch(batch.ids(), labels, SEQUENCES, SEQUENCE);
    Result whole = of(List.of(some), WEIGHTS, false);
    Result parted = of(some.shares(SEQUENCES), WEIGHTS, false);
    assertClose(parted.stats().loadBalance(), whole.stats().loadBalance());
    assertClose(parted.stats().z(), whole.stats().z());
    for (int i = 0; i < whole.gradients().size(); i++) {
      assertClose(parted.gradients().get(i), whole.gradients().get(i));
    }
  }

  private static void assertClose(double actual, double expected) {
    assertThat(actual).isCloseTo(expected, within(2e-6 * Math.max(1, Math.abs(expected))));
  }

  private static void assertClose(float[] actual, float[] expected) {
    double largest = 0;
    double error = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      error = Math.max(error, Math.abs(actual[i] - expected[i]));
    }
    assertThat(error).isLessThanOrEqualTo(1e-5 * largest + 1e-9);
  }
}

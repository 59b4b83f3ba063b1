package dev.coppice.moe.train;

import static dev.coppice.moe.testing.SmallModel.batch;
import static dev.coppice.moe.testing.SmallModel.config;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.testing.Memories;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LearnerTest {
  private static final AdamWSettings ADAM = new AdamWSettings(0.9, 0.95, 1e-8, 0.1, 1.0);
  private static final LossWeights WEIGHTS = new LossWeights(0.01, 0.001);

  @Test
  void lossFallsAndWeightsMove() {
    try (LanguageModel model = LanguageModel.fresh(config(), 1, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      TokenBatch batch = batch(3);
      float[] before = model.logits(batch);
      double first = learner.accumulate(batch, WEIGHTS, 1).crossEntropy();
      learner.update(ADAM, 1e-2);
      assertThat(model.logits(batch)).isNotEqualTo(before);
      for (int i = 0; i < 20; i++) {
        learner.accumulate(batch, WEIGHTS, 1);
        assertThat(learner.update(ADAM, 1e-2).skipped()).isFalse();
      }
      assertThat(learner.accumulate(batch, WEIGHTS, 1).crossEntropy()).isLessThan(first * 0.5);
      assertThat(learner.steps()).isEqualTo(21);
    }
  }

  @Test
  void restoredLearnerGoesOnBitByBit(@TempDir Path folder) throws Exception {
    Path state = folder.resolve("optimizer.safetensors");
    try (LanguageModel model = LanguageModel.fresh(config(), 1, Precision.FLOAT32)) {
      try (Learner learner = Learner.fresh(model)) {
        learner.accumulate(batch(1), WEIGHTS, 1);
        learner.update(ADAM, 0);
        learner.state().saveMoments(state);
        learner.accumulate(batch(2), WEIGHTS, 1);
        learner.update(ADAM, 1e-2);
      }
      try (LanguageModel again = LanguageModel.fresh(config(), 1, Precision.FLOAT32);
          Learner restored = Learner.restore(again, state)) {
        assertThat(restored.steps()).isEqualTo(1);
        restored.accumulate(batch(2), WEIGHTS, 1);
        restored.update(ADAM, 1e-2);
        assertThat(again.logits(batch(4))).isEqualTo(model.logits(batch(4)));
      }
    }
  }

  @Test
  void ignoredBatchTeachesNothing() {
    try (LanguageModel model = LanguageModel.fresh(config(), 1, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      TokenBatch batch = TokenBatch.unlabelled(new int[] {1, 2, 3, 4}, 2);
      LossStats stats = learner.accumulate(batch, LossWeights.NONE, 1);
      assertThat(stats.crossEntropy()).isZero();
      assertThat(stats.tokens()).isZero();
      assertThat(learner.update(ADAM, 1e-2).gradientNorm()).isZero();
    }
  }

  @Test
  void gradientThatIsNotFiniteIsSkipped() {
    try (LanguageModel model = LanguageModel.fresh(config(), 1, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      float[] before = model.logits(batch(1));
      learner.accumulate(batch(1), WEIGHTS, Double.POSITIVE_INFINITY);
      UpdateReport report = learner.update(ADAM, 1e-2);
      assertThat(report.skipped()).isTrue();
      assertThat(learner.steps()).isZero();
      assertThat(model.logits(batch(1))).isEqualTo(before);
      learner.accumulate(batch(1), WEIGHTS, 1);
      assertThat(learner.update(ADAM, 1e-2).skipped()).isFalse();
      assertThat(model.logits(batch(1))).isNotEqualTo(before).doesNotContain(Float.NaN);
    }
  }

  @Test
  void callerMayRefuseAGradient() {
    try (LanguageModel model = LanguageModel.fresh(config(), 1, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      learner.accumulate(batch(1), WEIGHTS, 1);
      learner.update(ADAM, 1e-2);
      Memories weights = Memories.of(model.parameters());
      Memories moments = Memories.of(learner.firstMoments());
      List<Double> asked = new ArrayList<>();
      learner.accumulate(batch(2), WEIGHTS, 1);
      UpdateReport report = learner.update(ADAM, 1e-2, norm -> !asked.add(norm));
      assertThat(report.skipped()).isTrue();
      assertThat(asked).containsExactly(report.gradientNorm());
      assertThat(learner.steps()).isEqualTo(1);
      assertThat(Memories.of(model.parameters())).isEqualTo(weights);
      assertThat(Memories.of(learner.firstMoments())).isEqualTo(moments);
      assertThat(learner.update(ADAM, 0, norm -> true).gradientNorm()).isZero();
      learner.accumulate(batch(2), WEIGHTS, Double.POSITIVE_INFINITY);
      assertThat(learner.update(ADAM, 1e-2, asked::add).skipped()).isTrue();
      assertThat(asked).hasSize(1);
    }
  }

  @Test
  void mixedPrecisionLearnsToo() {
    try (LanguageModel model = LanguageModel.fresh(config(), 1, Precision.BF16_MIXED);
        Learner learner = Learner.fresh(model)) {
      double first = learner.accumulate(batch(3), WEIGHTS, 1).crossEntropy();
      learner.update(ADAM, 1e-2);
      for (int i = 0; i < 15; i++) {
        learner.accumulate(batch(3), WEIGHTS, 1);
        learner.update(ADAM, 1e-2);
      }
      assertThat(learner.accumulate(batch(3), WEIGHTS, 1).crossEntropy()).isLessThan(first * 0.6);
    }
  }

  @Test
  void stateOfAnotherModelIsRefused(@TempDir Path folder) throws Exception {
    Path state = folder.resolve("optimizer.safetensors");
    try (LanguageModel model = LanguageModel.fresh(config(), 1, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      learner.state().saveMoments(state);
    }
    ObjectNode wider = config().put("moe_intermediate_size", 20);
    try (LanguageModel model = LanguageModel.fresh(wider, 1, Precision.FLOAT32)) {
      assertThatThrownBy(() -> Learner.restore(model, state))
          .isInstanceOf(CoppiceException.class)
          .hasMessageContaining("gate_proj.weight' must have shape [20, 32], got [24, 32]");
    }
  }
}

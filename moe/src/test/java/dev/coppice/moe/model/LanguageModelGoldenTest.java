package dev.coppice.moe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds the model to transformers 5.18; see golden/generate.py. */
class LanguageModelGoldenTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "qwen3_moe_renormalized",
        "qwen3_moe_dense_layer",
        "mixtral",
        "mixtral_tied",
      })
  void logitsAgree(String name) throws Exception {
    try (GoldenFolder golden = new GoldenFolder(name);
        LanguageModel model = golden.open(Precision.FLOAT32)) {
      golden.assertClose("logits", model.logits(golden.batch()), 1e-4);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"qwen3_moe_renormalized", "qwen3_moe_dense_layer", "mixtral"})
  void mixedPrecisionLogitsAgree(String name) throws Exception {
    try (GoldenFolder golden = new GoldenFolder(name);
        LanguageModel model = golden.open(Precision.BF16_MIXED)) {
      golden.assertClose("logits", model.logits(golden.batch()), 2e-2);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "qwen3_moe_renormalized",
        "qwen3_moe_dense_layer",
        "mixtral",
        "mixtral_tied",
      })
  void lossesAndGradientsAgree(String name) throws Exception {
    try (GoldenFolder golden = new GoldenFolder(name);
        LanguageModel model = golden.open(Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      double weight = golden.auxiliaryWeight();
      LossStats stats = learner.accumulate(golden.batch(), new LossWeights(weight, 0), 1);
      assertThat(stats.loadBalance()).isCloseTo(golden.floats("aux_loss")[0], within(1e-5));
      assertThat(stats.crossEntropy() + weight * stats.loadBalance())
          .isCloseTo(golden.floats("loss")[0], within(1e-5));
      assertThat(stats.tokens()).isEqualTo(26);
      golden.assertClose(learner.gradients(), "grad.", 1e-3);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"qwen3_moe_renormalized", "qwen3_moe_dense_layer", "mixtral_tied"})
  void threeStepsOfAdamWAgree(String name) throws Exception {
    try (GoldenFolder golden = new GoldenFolder(name);
        LanguageModel model = golden.open(Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      for (int i = 0; i < 3; i++) {
        // two halves: accumulation must add up to the whole
        LossWeights weights = new LossWeights(golden.auxiliaryWeight(), 0);
        learner.accumulate(golden.batch(), weights, 0.5);
        learner.accumulate(golden.batch(), weights, 0.5);
        learner.update(new AdamWSettings(0.9, 0.95, 1e-4, 0.1, 1.0), 1e-2);
      }
      golden.assertClose(model.parameters(), "after.", 1e-4);
    }
  }
}

package dev.coppice.moe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.model.Generation;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.parameter.ParameterLayout;
import dev.coppice.moe.testing.GoldenFolder;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds the model to transformers 5.18; see golden/generate.py. */
class LanguageModelGoldenTest {
  private static final AdamWSettings ADAM = new AdamWSettings(0.9, 0.95, 1e-4, 0.1, 1.0);

  static ImmutableList<String> folders() throws Exception {
    return GoldenFolder.names();
  }

  @ParameterizedTest
  @MethodSource("folders")
  void logitsAgree(String name) throws Exception {
    try (GoldenFolder golden = new GoldenFolder(name);
        LanguageModel model = golden.open(Precision.FLOAT32)) {
      golden.assertClose("logits", model.logits(golden.batch()), 1e-4);
    }
  }

  @ParameterizedTest
  @MethodSource("folders")
  void mixedPrecisionLogitsAgree(String name) throws Exception {
    try (GoldenFolder golden = new GoldenFolder(name);
        LanguageModel model = golden.open(Precision.BF16_MIXED)) {
      golden.assertClose("logits", model.logits(golden.batch()), 2e-2);
    }
  }

  @ParameterizedTest
  @MethodSource("folders")
  void lossesAndGradientsAgree(String name) throws Exception {
    try (GoldenFolder golden = new GoldenFolder(name);
        LanguageModel model = golden.open(Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      double weight = golden.auxiliaryWeight();
      LossStats stats = learner.accumulate(golden.batch(), new LossWeights(weight, 0), 1);
      if (weight > 0) {
        assertThat(stats.loadBalance()).isCloseTo(golden.floats("aux_loss")[0], within(1e-5));
      }
      assertThat(stats.crossEntropy() + weight * stats.loadBalance())
          .isCloseTo(golden.floats("loss")[0], within(1e-5));
      assertThat(stats.tokens()).isEqualTo(26);
      assertThat(golden.goldenNames("grad."))
          .hasSameElementsAs(trainedNames(model.parameters().layout(), "grad."));
      golden.assertClose(learner.gradients(), "grad.", 1e-3);
    }
  }

  private static ImmutableList<String> trainedNames(ParameterLayout layout, String prefix) {
    return layout.pieces().entrySet().stream()
        .filter(entry -> layout.slots().get(entry.getValue().slot()).trained())
        .map(entry -> prefix + entry.getKey())
        .collect(ImmutableList.toImmutableList());
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
        learner.update(ADAM, 1e-2);
      }
      golden.assertClose(model.parameters(), "after.", 1e-4);
    }
  }

  @ParameterizedTest
  @MethodSource("folders")
  void twentyStepsOfAdamWAgree(String name) throws Exception {
    try (GoldenFolder golden = new GoldenFolder(name);
        LanguageModel model = golden.open(Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      assumeThat(golden.has("trajectory20")).as("a trajectory with clear choices").isTrue();
      LossWeights weights = new LossWeights(golden.auxiliaryWeight(), 0);
      for (float expected : golden.floats("trajectory20")) {
        LossStats stats = learner.accumulate(golden.batch(), weights, 1);
        double loss = stats.crossEntropy() + weights.loadBalance() * stats.loadBalance();
        assertThat(loss).isCloseTo(expected, within(1e-4 * expected));
        learner.update(ADAM, 1e-2);
      }
      golden.assertClose(model.parameters(), "after20.", 2e-4);
    }
  }

  /** With keys and values kept, token by token. */
  @ParameterizedTest
  @MethodSource("folders")
  void cachedContinuationAgrees(String name) throws Exception {
    try (GoldenFolder golden = new GoldenFolder(name);
        LanguageModel model = golden.open(Precision.FLOAT32)) {
      assumeThat(golden.has("generated")).as("a continuation").isTrue();
      int[] expected = golden.integers("generated");
      int[] made = new int[expected.length];
      try (Generation text = model.generation(5 + expected.length)) {
        float[] logits = text.append(Arrays.copyOf(golden.batch().ids(), 5));
        for (int i = 0; i < made.length; i++) {
          made[i] = best(logits);
          logits = text.append(made[i]);
        }
      }
      assertThat(made).isEqualTo(expected);
    }
  }

  private static int best(float[] logits) {
    int best = 0;
    for (int v = 1; v < logits.length; v++) {
      best = logits[v] > logits[best] ? v : best;
    }
    return best;
  }

  @ParameterizedTest
  @MethodSource("folders")
  void blockAgreesAndItsGradientsAreTheLearners(String name) throws Exception {
    try (GoldenFolder golden = new GoldenFolder(name);
        LanguageModel model = golden.open(Precision.FLOAT32);
        Learner learner = Learner.fresh(model);
        NDManager manager = model.manager().newSubManager()) {
      learner.accumulate(golden.batch(), LossWeights.NONE, 1);
      try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
        NDArray logits = blockLogits(model, manager, golden.batch());
        golden.assertClose("logits", logits.toFloatArray(), 1e-4);
        collector.backward(crossEntropy(logits, golden.batch(), manager));
      }
      assertSameGradients(model, learner);
    }
  }

  private static NDArray blockLogits(LanguageModel model, NDManager manager, TokenBatch batch) {
    NDArray ids = LanguageModel.ids(manager, batch).reshape(batch.batch(), batch.sequence());
    ParameterStore store = new ParameterStore(manager, false);
    return model.block().forward(store, new NDList(ids), true).singletonOrThrow();
  }

  private static NDArray crossEntropy(NDArray logits, TokenBatch batch, NDManager manager) {
    float[] keep = new float[batch.labels().length];
    long[] labels = new long[keep.length];
    for (int i = 0; i < keep.length; i++) {
      keep[i] = batch.labels()[i] < 0 ? 0 : 1 / 26f;
      labels[i] = Math.max(0, batch.labels()[i]);
    }
    NDArray picked =
        logits
            .reshape(keep.length, -1)
            .logSoftmax(1)
            .gather(manager.create(labels).reshape(-1, 1), 1);
    return picked.mul(manager.create(keep).reshape(-1, 1)).sum().neg();
  }

  private static void assertSameGradients(LanguageModel model, Learner learner) {
    List<ParameterLayout.Slot> slots = model.parameters().layout().slots();
    for (int i = 0; i < slots.size(); i++) {
      if (slots.get(i).exists() && slots.get(i).trained()) {
        try (NDArray gradient = model.parameters().array(i).getGradient()) {
          float[] expected = gradient.toFloatArray();
          float[] actual = learner.gradients().array(i).toFloatArray();
          assertThat(relativeError(actual, expected)).as(slots.get(i).name()).isLessThan(1e-4);
        }
      }
    }
  }

  private static double relativeError(float[] actual, float[] expected) {
    double largest = 1e-12;
    double error = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      error = Math.max(error, Math.abs(actual[i] - expected[i]));
    }
    return error / largest;
  }
}

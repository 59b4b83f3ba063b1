package dev.coppice.moe.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.primitives.Floats;
import dev.coppice.moe.backend.Backend;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.testing.Goldens;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Models whose float32 products are large enough for either of what can compute them. */
class LargeProductsTest {
  private static final String PROPERTY = "coppice.products";
  private static final int LENGTH = 300;
  private static final int REPETITIONS = 30;

  private final Optional<String> before = Optional.ofNullable(System.getProperty(PROPERTY));

  static List<String> families() {
    return Goldens.families();
  }

  @AfterEach
  void restoreProperty() {
    before.ifPresentOrElse(
        value -> System.setProperty(PROPERTY, value), () -> System.clearProperty(PROPERTY));
  }

  @ParameterizedTest
  @MethodSource("families")
  void comeToTheSameByEither(String name) throws IOException {
    Step expected = step(name, "blas");
    Step found = step(name, "onednn");
    assertClose(found.logits(), expected.logits());
    for (int i = 0; i < expected.gradients().size(); i++) {
      assertClose(found.gradients().get(i), expected.gradients().get(i));
    }
    // or else this compared one with itself; on some processors both round alike
    assertThat(found.kernels()).isNotEqualTo(expected.kernels());
  }

  @ParameterizedTest
  @MethodSource("families")
  void repeatToTheBitByOneDnn(String name) throws IOException {
    Step first = step(name, "onednn");
    for (int i = 1; i < REPETITIONS; i++) {
      assertThat(step(name, "onednn")).isEqualTo(first);
    }
  }

  private record Step(String kernels, List<Float> logits, List<List<Float>> gradients) {}

  private static Step step(String name, String products) throws IOException {
    System.setProperty(PROPERTY, products);
    try (LanguageModel model =
            LanguageModel.fresh(DeterminismTest.large(name), 3, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      TokenBatch batch = batch(model.spec().vocabularySize());
      learner.accumulate(batch, new LossWeights(0.01, 0.001), 1);
      List<List<Float>> gradients = new ArrayList<>();
      for (int i = 0; i < learner.gradients().layout().slots().size(); i++) {
        if (learner.gradients().layout().slots().get(i).exists()) {
          gradients.add(Floats.asList(learner.gradients().array(i).toFloatArray()));
        }
      }
      return new Step(
          Backend.forThisMachine().facts().kernels(),
          Floats.asList(model.logits(batch)),
          gradients);
    }
  }

  private static TokenBatch batch(int vocabulary) {
    int[] ids = new Random(7).ints(2L * LENGTH, 0, vocabulary).toArray();
    int[] labels = Arrays.copyOfRange(ids, 1, ids.length + 1);
    labels[LENGTH - 1] = TokenBatch.IGNORED;
    labels[2 * LENGTH - 1] = TokenBatch.IGNORED;
    return new TokenBatch(ids, labels, 2, LENGTH);
  }

  private static void assertClose(List<Float> found, List<Float> expected) {
    assertThat(found).hasSameSizeAs(expected);
    double largest = 0;
    double error = 0;
    for (int i = 0; i < found.size(); i++) {
      largest = Math.max(largest, Math.abs(expected.get(i)));
      error = Math.max(error, Math.abs(found.get(i) - expected.get(i)));
    }
    assertThat(error).isLessThanOrEqualTo(2e-5 * largest);
  }
}

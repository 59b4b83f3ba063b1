package dev.coppice.moe.naive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.testing.GoldenFolder;
import dev.coppice.moe.train.LossWeights;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds the judge of the kernels to transformers 5.18; see golden/generate.py. */
class NaiveModelGoldenTest {
  static ImmutableList<String> folders() throws Exception {
    return GoldenFolder.names();
  }

  @ParameterizedTest
  @MethodSource("folders")
  void logitsAndLossAgree(String name) throws Exception {
    try (GoldenFolder golden = new GoldenFolder(name);
        LanguageModel model = golden.open(Precision.FLOAT32)) {
      Judgement judged = Judgement.of(NaiveWeights.of(model), golden.batch());
      golden.assertClose("logits", toFloats(judged.logits()), 1e-5);
      if (golden.has("aux_loss")) {
        float balance = golden.floats("aux_loss")[0];
        assertThat(judged.losses().loadBalance()).isCloseTo(balance, within(1e-5));
      }
      assertThat(judged.loss(new LossWeights(golden.auxiliaryWeight(), 0)))
          .isCloseTo(golden.floats("loss")[0], within(1e-5));
    }
  }

  private static float[] toFloats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }
}

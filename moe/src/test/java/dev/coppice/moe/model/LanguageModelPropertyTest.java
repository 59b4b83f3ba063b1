package dev.coppice.moe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.testing.MoeSpecs;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** Holds the kernels to plain loops of doubles, over shapes of both families. */
class LanguageModelPropertyTest {
  @Provide
  Arbitrary<MoeSpec> specs() {
    return MoeSpecs.arbitrary();
  }

  @Property(tries = 25)
  void logitsAndLossesAreThoseOfTheNaiveModel(
      @ForAll("specs") MoeSpec spec,
      @ForAll @IntRange(min = 1, max = 3) int batch,
      @ForAll @IntRange(min = 1, max = 9) int sequence,
      @ForAll long seed) {
    TokenBatch tokens = tokens(spec, batch, sequence, seed);
    try (LanguageModel model = model(spec, seed);
        Learner learner = Learner.fresh(model)) {
      NaiveModel naive = new NaiveModel(model);
      float[] logits = model.logits(tokens);
      TokenScores scores = model.score(tokens);
      double loss = 0;
      int vocabulary = spec.vocabularySize();
      for (int b = 0; b < batch; b++) {
        int from = b * sequence;
        double[][] expected = naive.logits(Arrays.copyOfRange(tokens.ids(), from, from + sequence));
        for (int t = 0; t < sequence; t++) {
          for (int v = 0; v < vocabulary; v++) {
            assertThat((double) logits[(from + t) * vocabulary + v])
                .isCloseTo(expected[t][v], within(1e-3));
          }
          double own = NaiveModel.logSumExp(expected[t]) - expected[t][tokens.labels()[from + t]];
          assertThat((double) scores.losses()[from + t]).isCloseTo(own, within(1e-3));
          loss += own / (batch * sequence);
        }
      }
      LossStats stats = learner.accumulate(tokens, LossWeights.NONE, 1);
      assertThat(stats.crossEntropy()).isCloseTo(loss, within(1e-3));
      assertThat(stats.loadBalance()).isCloseTo(naive.loadBalance(), within(1e-3));
      assertThat(stats.z()).isCloseTo(naive.z(), within(1e-2));
    }
  }

  /** The derivative of the naive loss along a random direction, by central differences. */
  @Property(tries = 15)
  void gradientsAreTheSlopesOfTheNaiveLoss(
      @ForAll("specs") MoeSpec spec,
      @ForAll @IntRange(min = 1, max = 2) int batch,
      @ForAll @IntRange(min = 1, max = 6) int sequence,
      @ForAll long seed) {
    TokenBatch tokens = tokens(spec, batch, sequence, seed);
    try (LanguageModel model = model(spec, seed);
        Learner learner = Learner.fresh(model)) {
      learner.accumulate(tokens, new LossWeights(0.3, 0.05), 1);
      Random random = new Random(seed);
      for (int slot = 0; slot < model.parameters().layout().slots().size(); slot++) {
        int size = (int) model.parameters().layout().slots().get(slot).elements();
        if (size > 0) {
          float[] direction = new float[size];
          for (int i = 0; i < size; i++) {
            direction[i] = (float) random.nextGaussian();
          }
          checkSlope(model, learner, tokens, slot, direction);
        }
      }
    }
  }

  private static void checkSlope(
      LanguageModel model, Learner learner, TokenBatch tokens, int slot, float[] direction) {
    float[] gradient = new float[direction.length];
    learner.gradients().map(slot, 0, gradient.length).asFloatBuffer().get(gradient);
    double slope = 0;
    for (int i = 0; i < gradient.length; i++) {
      slope += (double) gradient[i] * direction[i];
    }
    double step = 0x1p-10;
    double[] wide = losses(model, tokens, slot, direction, step);
    double[] narrow = losses(model, tokens, slot, direction, step / 2);
    double wideSlope = (wide[1] - wide[0]) / (2 * step);
    double narrowSlope = (narrow[1] - narrow[0]) / step;
    // where a routing choice flips within the step, the loss has no slope to compare
    if (Math.abs(wideSlope - narrowSlope) < 1e-3 * (1 + Math.abs(narrowSlope))) {
      assertThat(slope)
          .as(model.parameters().layout().slots().get(slot).name())
          .isCloseTo(narrowSlope, within(5e-3 * (1 + Math.abs(narrowSlope))));
    }
  }

  private static double[] losses(
      LanguageModel model, TokenBatch tokens, int slot, float[] direction, double step) {
    FloatBuffer memory = model.parameters().map(slot, 0, direction.length).asFloatBuffer();
    float[] original = new float[direction.length];
    memory.get(0, original);
    double[] result = new double[2];
    for (int side = 0; side < 2; side++) {
      for (int i = 0; i < original.length; i++) {
        memory.put(i, (float) (original[i] + (2 * side - 1) * step * direction[i]));
      }
      result[side] = loss(model, tokens);
    }
    memory.put(0, original);
    return result;
  }

  private static double loss(LanguageModel model, TokenBatch tokens) {
    NaiveModel naive = new NaiveModel(model);
    double loss = 0;
    for (int b = 0; b < tokens.batch(); b++) {
      int from = b * tokens.sequence();
      double[][] logits =
          naive.logits(Arrays.copyOfRange(tokens.ids(), from, from + tokens.sequence()));
      for (int t = 0; t < tokens.sequence(); t++) {
        loss += NaiveModel.logSumExp(logits[t]) - logits[t][tokens.labels()[from + t]];
      }
    }
    return loss / tokens.ids().length + 0.3 * naive.loadBalance() + 0.05 * naive.z();
  }

  private static LanguageModel model(MoeSpec spec, long seed) {
    ObjectNode config = Family.named(spec.family()).configFor(spec);
    return LanguageModel.fresh(config.put("initializer_range", 0.4), seed, Precision.FLOAT32);
  }

  private static TokenBatch tokens(MoeSpec spec, int batch, int sequence, long seed) {
    Random random = new Random(seed);
    int[] ids = random.ints((long) batch * sequence, 0, spec.vocabularySize()).toArray();
    int[] labels = random.ints((long) batch * sequence, 0, spec.vocabularySize()).toArray();
    return new TokenBatch(ids, labels, batch, sequence);
  }
}

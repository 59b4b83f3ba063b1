package dev.coppice.moe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Sets;
import dev.coppice.moe.kernel.LayerParameter;
import dev.coppice.moe.model.Generation;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.naive.Judgement;
import dev.coppice.moe.naive.NaiveWeights;
import dev.coppice.moe.parameter.ParameterLayout;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RopeScaling;
import dev.coppice.moe.testing.AnySpecs;
import dev.coppice.moe.testing.Memories;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** Holds the kernels to plain loops of doubles, over shapes of every kind. */
class LanguageModelPropertyTest {
  private static final LossWeights WEIGHTS = new LossWeights(0.3, 0.05);

  /** Arrays that hold one part for each expert. */
  private static final ImmutableSet<LayerParameter> EXPERTS =
      Sets.immutableEnumSet(
          LayerParameter.ROUTER,
          LayerParameter.ROUTER_BIAS,
          LayerParameter.SELECTION_BIAS,
          LayerParameter.GATE_UP,
          LayerParameter.DOWN,
          LayerParameter.GATE_UP_BIAS,
          LayerParameter.DOWN_BIAS);

  @Provide
  Arbitrary<MoeSpec> specs() {
    return AnySpecs.arbitrary();
  }

  @Property(tries = 40)
  void logitsAndLossesAreThoseOfTheNaiveModel(
      @ForAll("specs") MoeSpec spec,
      @ForAll @IntRange(min = 1, max = 3) int batch,
      @ForAll @IntRange(min = 1, max = 9) int sequence,
      @ForAll long seed) {
    TokenBatch tokens = tokens(spec, batch, sequence, seed);
    try (LanguageModel model = LanguageModel.blank(spec, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      NaiveWeights.scatter(model, seed);
      Judgement judged = Judgement.of(NaiveWeights.of(model), tokens);
      // below it float32 may choose otherwise
      Assume.that(judged.losses().closest() > 1e-5);
      assertClose(model.logits(tokens), judged.logits(), 1e-4);
      assertClose(model.score(tokens).losses(), judged.crossEntropies(), 1e-4);
      LossStats stats = learner.accumulate(tokens, LossWeights.NONE, 1);
      assertThat(stats.crossEntropy()).isCloseTo(judged.crossEntropy(), within(1e-4));
      assertThat(stats.loadBalance()).isCloseTo(judged.losses().loadBalance(), within(1e-4));
      assertThat(stats.z()).isCloseTo(judged.losses().z(), within(1e-3));
    }
  }

  /** The derivative of the naive loss along a random direction, by central differences. */
  @Property(tries = 25)
  void gradientsAreTheSlopesOfTheNaiveLoss(
      @ForAll("specs") MoeSpec spec,
      @ForAll @IntRange(min = 1, max = 2) int batch,
      @ForAll @IntRange(min = 1, max = 6) int sequence,
      @ForAll long seed) {
    TokenBatch tokens = tokens(spec, batch, sequence, seed);
    try (LanguageModel model = LanguageModel.blank(spec, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      NaiveWeights.scatter(model, seed);
      NaiveWeights weights = NaiveWeights.of(model);
      Assume.that(Judgement.of(weights, tokens).losses().closest() > 1e-5);
      learner.accumulate(tokens, WEIGHTS, 1);
      Random random = new Random(seed);
      ImmutableList<ParameterLayout.Slot> slots = model.parameters().layout().slots();
      for (int i = 0; i < slots.size(); i++) {
        if (slots.get(i).exists() && slots.get(i).trained()) {
          float[] gradient = gradient(learner, i, (int) slots.get(i).elements());
          double[] direction = random.doubles(gradient.length, -1, 1).toArray();
          checkSlope(weights, tokens, i, direction, gradient, slots.get(i).name());
        }
      }
    }
  }

  /** One sequence after the other: the loss and the gradient of the naive model on all of them. */
  @Property(tries = 15)
  void aBatchInPartsHasTheSlopesOfTheWholeNaiveLoss(
      @ForAll("specs") MoeSpec spec,
      @ForAll @IntRange(min = 2, max = 4) int batch,
      @ForAll @IntRange(min = 1, max = 5) int sequence,
      @ForAll boolean recompute,
      @ForAll long seed) {
    TokenBatch tokens = tokens(spec, batch, sequence, seed);
    try (LanguageModel model = LanguageModel.blank(spec, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      NaiveWeights.scatter(model, seed);
      NaiveWeights weights = NaiveWeights.of(model);
      Judgement judged = Judgement.of(weights, tokens);
      Assume.that(judged.losses().closest() > 1e-5);
      learner.recompute(recompute);
      LossStats stats = learner.accumulate(tokens.shares(batch), WEIGHTS, 1, Optional.empty());
      assertThat(stats.crossEntropy()).isCloseTo(judged.crossEntropy(), within(1e-4));
      assertThat(stats.loadBalance()).isCloseTo(judged.losses().loadBalance(), within(1e-4));
      assertThat(stats.z()).isCloseTo(judged.losses().z(), within(1e-3));
      Random random = new Random(seed);
      ImmutableList<ParameterLayout.Slot> slots = model.parameters().layout().slots();
      for (int i = 0; i < slots.size(); i++) {
        if (slots.get(i).exists() && slots.get(i).trained()) {
          float[] gradient = gradient(learner, i, (int) slots.get(i).elements());
          double[] direction = random.doubles(gradient.length, -1, 1).toArray();
          checkSlope(weights, tokens, i, direction, gradient, slots.get(i).name());
        }
      }
    }
  }

  /** A text that grows piece by piece, with keys and values kept. */
  @Property(tries = 20)
  void piecesOfATextGoOnAsTheWhole(
      @ForAll("specs") MoeSpec spec,
      @ForAll @IntRange(min = 1, max = 12) int length,
      @ForAll long seed) {
    // kept keys have turned by the frequencies of the length that the text had
    Assume.that(!(spec.attention().rope().scaling() instanceof RopeScaling.Dynamic));
    TokenBatch tokens = TokenBatch.unlabelled(tokens(spec, 1, length, seed).ids(), 1);
    try (LanguageModel model = LanguageModel.blank(spec, Precision.FLOAT32);
        Generation text = model.generation(length)) {
      NaiveWeights.scatter(model, seed);
      Judgement judged = Judgement.of(NaiveWeights.of(model), tokens);
      Assume.that(judged.losses().closest() > 1e-5);
      for (int piece : segments(new Random(seed), 1, length)) {
        int from = text.length();
        float[] logits = text.append(Arrays.copyOfRange(tokens.ids(), from, from + piece));
        int last = (text.length() - 1) * logits.length;
        assertClose(logits, Arrays.copyOfRange(judged.logits(), last, last + logits.length), 1e-4);
      }
    }
  }

  /** Experts that are one another's twins tie at every token, whichever of them is taken. */
  @Property(tries = 15)
  void tiedExpertsAreOneExpert(
      @ForAll("specs") MoeSpec spec,
      @ForAll @IntRange(min = 1, max = 7) int sequence,
      @ForAll long seed) {
    TokenBatch tokens = tokens(spec, 1, sequence, seed);
    try (LanguageModel model = LanguageModel.blank(spec, Precision.FLOAT32)) {
      NaiveWeights.scatter(model, seed);
      ImmutableList<ParameterLayout.Slot> slots = model.parameters().layout().slots();
      for (int i = ParameterLayout.FIRST_LAYER; i < slots.size(); i++) {
        if (EXPERTS.contains(ParameterLayout.LAYER.get(place(i))) && slots.get(i).exists()) {
          repeatFirst(model, i, slots.get(i));
        }
      }
      Judgement judged = Judgement.of(NaiveWeights.of(model), tokens);
      assertClose(model.logits(tokens), judged.logits(), 1e-4);
    }
  }

  private static int place(int index) {
    return (index - ParameterLayout.FIRST_LAYER) % ParameterLayout.PER_LAYER;
  }

  private static void repeatFirst(LanguageModel model, int index, ParameterLayout.Slot slot) {
    int size = (int) slot.elements();
    int expert = size / slot.shape().get(0).intValue();
    FloatBuffer memory = Memories.map(model.parameters(), index, 0, size).asFloatBuffer();
    for (int i = expert; i < size; i++) {
      memory.put(i, memory.get(i % expert));
    }
  }

  private static float[] gradient(Learner learner, int index, int size) {
    float[] gradient = new float[size];
    Memories.map(learner.gradients(), index, 0, size).asFloatBuffer().get(gradient);
    return gradient;
  }

  private static void checkSlope(
      NaiveWeights weights,
      TokenBatch tokens,
      int index,
      double[] direction,
      float[] gradient,
      String name) {
    double slope = 0;
    for (int i = 0; i < gradient.length; i++) {
      slope += gradient[i] * direction[i];
    }
    double wide = slope(weights, tokens, index, direction, 0x1p-14);
    double narrow = slope(weights, tokens, index, direction, 0x1p-15);
    // where a choice flips or a clamp is met within the step, the loss has no slope to compare
    if (Math.abs(wide - narrow) < 1e-4 * (1 + Math.abs(narrow))) {
      assertThat(slope).as(name).isCloseTo(narrow, within(1e-3 * (1 + Math.abs(narrow))));
    }
  }

  private static double slope(
      NaiveWeights weights, TokenBatch tokens, int index, double[] direction, double step) {
    double above = Judgement.of(weights.moved(index, direction, step), tokens).loss(WEIGHTS);
    double below = Judgement.of(weights.moved(index, direction, -step), tokens).loss(WEIGHTS);
    return (above - below) / (2 * step);
  }

  private static void assertClose(float[] actual, double[] expected, double tolerance) {
    double largest = 1;
    double error = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      error = Math.max(error, Math.abs(actual[i] - expected[i]));
    }
    assertThat(error).isLessThanOrEqualTo(tolerance * largest);
  }

  /** Random tokens; some labels are ignored, and half of the batches fall into documents. */
  private static TokenBatch tokens(MoeSpec spec, int batch, int sequence, long seed) {
    Random random = new Random(seed);
    int[] ids = random.ints((long) batch * sequence, 0, spec.vocabularySize()).toArray();
    int[] labels =
        random
            .ints((long) batch * sequence, -2, spec.vocabularySize())
            .map(label -> label < 0 ? TokenBatch.IGNORED : label)
            .toArray();
    ImmutableList<Integer> segments =
        random.nextBoolean() ? ImmutableList.of() : segments(random, batch, sequence);
    return new TokenBatch(ids, labels, batch, sequence, segments);
  }

  private static ImmutableList<Integer> segments(Random random, int batch, int sequence) {
    ImmutableList.Builder<Integer> segments = ImmutableList.builder();
    for (int b = 0; b < batch; b++) {
      for (int left = sequence; left > 0; ) {
        int length = 1 + random.nextInt(left);
        segments.add(length);
        left -= length;
      }
    }
    return segments.build();
  }
}

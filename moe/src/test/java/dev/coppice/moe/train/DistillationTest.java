package dev.coppice.moe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.kernel.LayerParameter;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.naive.Judgement;
import dev.coppice.moe.naive.NaiveDistillation;
import dev.coppice.moe.naive.NaiveWeights;
import dev.coppice.moe.parameter.ParameterLayout;
import dev.coppice.moe.parameter.Parameters;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.Memories;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DistillationTest {
  private static final LossWeights WEIGHTS = new LossWeights(0.01, 0.001);
  private static final int VOCABULARY = 41;
  private static final List<Integer> SOME =
      List.of(
          ParameterLayout.EMBEDDING,
          ParameterLayout.FINAL_NORM,
          ParameterLayout.HEAD,
          ParameterLayout.index(0, LayerParameter.GATE_UP));

  @ParameterizedTest
  @CsvSource({"1, 0", "2, 0", "0.5, 0", "1, 1", "1, 7", "2, 7", "2, 41"})
  void valuesAndGradientsAreThoseOfTheNaiveLoss(double temperature, int top) {
    assertJudged(batch(5, 4, 9), new Lesson(temperature, 0.7, top), SOME);
  }

  /** More tokens than the head takes at once. */
  @ParameterizedTest
  @ValueSource(ints = {0, 5})
  void chunksAreTheWhole(int top) {
    assertJudged(batch(6, 1, 600), new Lesson(2, 0.7, top), SOME.subList(1, 3));
  }

  /** The numbers of a distillation. */
  private record Lesson(double temperature, double weight, int top) {
    Distillation by(LanguageModel teacher) {
      return new Distillation(teacher, temperature, weight, top);
    }
  }

  private static void assertJudged(TokenBatch batch, Lesson lesson, List<Integer> slots) {
    try (LanguageModel student = model(student(VOCABULARY), 1);
        LanguageModel teacher = model(teacher(VOCABULARY), 2);
        Learner learner = Learner.fresh(student)) {
      LossStats stats = learner.accumulate(batch, WEIGHTS, 1, lesson.by(teacher));
      NaiveWeights weights = NaiveWeights.of(student);
      double[] taught = Judgement.of(NaiveWeights.of(teacher), batch).logits();
      NaiveDistillation naive = new NaiveDistillation(taught, lesson.temperature(), lesson.top());
      Judgement judged = Judgement.of(weights, batch);
      assertThat(stats.distillation())
          .isCloseTo(naive.mean(judged.logits(), batch), within(2e-5))
          .isGreaterThan(0.1);
      assertThat(stats.crossEntropy()).isCloseTo(judged.crossEntropy(), within(1e-4));
      Random random = new Random(3);
      for (int slot : slots) {
        float[] gradient = floats(learner.gradients(), slot);
        double[] direction = random.doubles(gradient.length, -1, 1).toArray();
        double found = 0;
        for (int i = 0; i < gradient.length; i++) {
          found += gradient[i] * direction[i];
        }
        double above = loss(weights.moved(slot, direction, 0x1p-15), batch, naive, lesson);
        double below = loss(weights.moved(slot, direction, -0x1p-15), batch, naive, lesson);
        double slope = (above - below) * 0x1p14;
        assertThat(found).isCloseTo(slope, within(5e-4 * (1 + Math.abs(slope))));
      }
    }
  }

  private static double loss(
      NaiveWeights weights, TokenBatch batch, NaiveDistillation naive, Lesson lesson) {
    Judgement judged = Judgement.of(weights, batch);
    double square = lesson.temperature() * lesson.temperature();
    return judged.loss(WEIGHTS) + lesson.weight() * square * naive.mean(judged.logits(), batch);
  }

  @Test
  void weightOfZeroIsNoTeacherBitForBit() {
    TokenBatch batch = batch(4, 3, 9);
    try (LanguageModel student = model(student(VOCABULARY), 1);
        LanguageModel teacher = model(teacher(VOCABULARY), 2);
        Learner learner = Learner.fresh(student);
        Learner taught = Learner.fresh(student)) {
      LossStats plain = learner.accumulate(batch, WEIGHTS, 1);
      LossStats stats = taught.accumulate(batch, WEIGHTS, 1, new Lesson(2, 0, 3).by(teacher));
      assertThat(stats).isEqualTo(plain);
      assertThat(Memories.of(taught.gradients())).isEqualTo(Memories.of(learner.gradients()));
    }
  }

  /**
   * A student that is its own teacher has nothing to learn from it, but for the rounding of
   * float32: products of its experts have the rows of all shares, those of the teacher have one
   * share's.
   */
  @ParameterizedTest
  @CsvSource({"1, FLOAT32", "2, FLOAT32", "1, BF16_MIXED"})
  void ownTeacherTeachesNothing(double temperature, Precision precision) {
    TokenBatch batch = batch(4, 3, 9);
    try (LanguageModel student = LanguageModel.blank(student(VOCABULARY), precision);
        Learner learner = Learner.fresh(student);
        Learner taught = Learner.fresh(student)) {
      NaiveWeights.scatter(student, 1);
      LossStats plain = learner.accumulate(batch, WEIGHTS, 1);
      LossStats stats =
          taught.accumulate(batch, WEIGHTS, 1, new Lesson(temperature, 5, 0).by(student));
      assertThat(stats.distillation()).isCloseTo(0, within(1e-7));
      assertThat(stats.crossEntropy()).isEqualTo(plain.crossEntropy());
      for (int slot = 0; slot < 3; slot++) {
        assertClose(floats(taught.gradients(), slot), floats(learner.gradients(), slot), 1e-6);
      }
    }
  }

  @Test
  void ignoredTokensTeachNothing() {
    TokenBatch batch = TokenBatch.unlabelled(new int[] {1, 2, 3, 4}, 2);
    try (LanguageModel student = model(student(VOCABULARY), 1);
        LanguageModel teacher = model(teacher(VOCABULARY), 2);
        Learner learner = Learner.fresh(student)) {
      LossStats stats =
          learner.accumulate(batch, LossWeights.NONE, 1, new Lesson(1, 1, 0).by(teacher));
      assertThat(stats.distillation()).isZero();
      AdamWSettings settings = new AdamWSettings(0.9, 0.95, 1e-8, 0.1, 1);
      assertThat(learner.update(settings, 0).gradientNorm()).isZero();
    }
  }

  /** Either precision of either model says about the same. */
  @ParameterizedTest
  @CsvSource({"FLOAT32, BF16_MIXED", "BF16_MIXED, FLOAT32", "BF16_MIXED, BF16_MIXED"})
  void precisionsMayDiffer(Precision own, Precision teachers) {
    TokenBatch batch = batch(4, 3, 9);
    try (LanguageModel exactTeacher = model(teacher(VOCABULARY), 2);
        LanguageModel teacher = LanguageModel.blank(teacher(VOCABULARY), teachers);
        LanguageModel exact = model(student(VOCABULARY), 1);
        LanguageModel student = LanguageModel.blank(student(VOCABULARY), own);
        Learner judge = Learner.fresh(exact);
        Learner learner = Learner.fresh(student)) {
      NaiveWeights.scatter(teacher, 2);
      NaiveWeights.scatter(student, 1);
      Lesson lesson = new Lesson(2, 1, 0);
      double expected = judge.accumulate(batch, WEIGHTS, 1, lesson.by(exactTeacher)).distillation();
      LossStats stats = learner.accumulate(batch, WEIGHTS, 1, lesson.by(teacher));
      assertThat(stats.distillation()).isCloseTo(expected, within(0.1 * expected));
      assertClose(floats(learner.gradients(), 2), floats(judge.gradients(), 2), 0.2);
    }
  }

  @Test
  void vocabulariesMustBeOne() {
    try (LanguageModel student = model(student(VOCABULARY), 1);
        LanguageModel teacher = model(teacher(VOCABULARY + 1), 2);
        Learner learner = Learner.fresh(student)) {
      Distillation distillation = new Lesson(1, 1, 0).by(teacher);
      TokenBatch batch = batch(4, 3, 9);
      assertThatThrownBy(() -> learner.accumulate(batch, WEIGHTS, 1, distillation))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("teacher must have the student's vocabulary of 41 tokens, got 42");
    }
  }

  @Test
  void numbersThatAreNoneAreRefused() {
    try (LanguageModel teacher = model(teacher(VOCABULARY), 2)) {
      assertThatThrownBy(() -> new Distillation(teacher, 0, 1, 0))
          .hasMessageContaining("temperature must be finite and positive, got 0.0");
      assertThatThrownBy(() -> new Distillation(teacher, 1, Double.NaN, 0))
          .hasMessageContaining("weight of distillation must be finite and not negative, got NaN");
      assertThatThrownBy(() -> new Distillation(teacher, 1, 1, 42))
          .hasMessageContaining("top must lie in 0..41 (the vocabulary), got 42");
    }
  }

  private static MoeSpec student(int vocabulary) {
    return spec(vocabulary, 16, new LayerSpec.Moe(4, 2, 12));
  }

  private static MoeSpec teacher(int vocabulary) {
    return spec(vocabulary, 24, new LayerSpec.Dense(20));
  }

  private static MoeSpec spec(int vocabulary, int hidden, LayerSpec layer) {
    return new MoeSpec(
        "qwen3_moe",
        vocabulary,
        hidden,
        GroupedAttention.plain(2, 1, 8, true, 10000),
        new RouterSpec(true),
        ImmutableList.of(layer),
        1e-6,
        false,
        1024);
  }

  private static LanguageModel model(MoeSpec spec, long seed) {
    LanguageModel model = LanguageModel.blank(spec, Precision.FLOAT32);
    NaiveWeights.scatter(model, seed);
    return model;
  }

  private static TokenBatch batch(long seed, int batch, int sequence) {
    Random random = new Random(seed);
    int[] ids = random.ints((long) batch * sequence, 0, VOCABULARY).toArray();
    int[] labels = random.ints(ids.length, 0, VOCABULARY).toArray();
    labels[2] = TokenBatch.IGNORED;
    labels[ids.length - 1] = TokenBatch.IGNORED;
    return new TokenBatch(ids, labels, batch, sequence);
  }

  private static float[] floats(Parameters parameters, int slot) {
    int size = (int) parameters.layout().slots().get(slot).elements();
    FloatBuffer memory = Memories.map(parameters, slot, 0, size).asFloatBuffer();
    float[] floats = new float[size];
    memory.get(floats);
    return floats;
  }

  private static void assertClose(float[] found, float[] expected, double tolerance) {
    double largest = 0;
    double error = 0;
    for (int i = 0; i < found.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      error = Math.max(error, Math.abs(found[i] - expected[i]));
    }
    assertThat(error).isLessThanOrEqualTo(tolerance * largest);
  }
}

package dev.coppice.moe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.model.Generation;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.RouterHealth;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.model.TokenScores;
import dev.coppice.moe.parameter.Parameters;
import dev.coppice.moe.testing.Goldens;
import dev.coppice.moe.testing.Memories;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One step of a model of each family: its bits, and what must not change them. */
class DeterminismTest {
  private static final int REPETITIONS = 30;
  private static final int TAUGHT_REPETITIONS = 10;
  private static final Precision MIXED = Precision.BF16_MIXED;
  private static final AdamWSettings ADAM = new AdamWSettings(0.9, 0.95, 1e-8, 0.1, 1.0);
  private static final LossWeights WEIGHTS = new LossWeights(0.01, 0.001);

  static List<String> families() {
    return Goldens.families();
  }

  /** Sequences enough for several shares, which run side by side. */
  @ParameterizedTest
  @MethodSource("families")
  void aStepRepeatsToTheBit(String name) throws IOException {
    try (LanguageModel model = open(name, Precision.FLOAT32)) {
      assertRepeats(model, batch(model, 5, 12, List.of()), WEIGHTS);
    }
    try (LanguageModel model = open(name, Precision.BF16_MIXED)) {
      assertRepeats(model, batch(model, 5, 12, documents(5)), LossWeights.NONE);
    }
  }

  /** One share, whose operators are large enough for several threads. */
  @ParameterizedTest
  @MethodSource("families")
  void aLargeStepRepeatsToTheBit(String name) throws IOException {
    for (Precision precision : Precision.values()) {
      try (LanguageModel model = LanguageModel.fresh(large(name), 3, precision)) {
        assertRepeats(model, batch(model, 1, 300, List.of()), WEIGHTS);
      }
    }
  }

  /** A family's configuration, with products large enough for several threads. */
  static ObjectNode large(String name) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(Goldens.folder(name))) {
      ObjectNode config = checkpoint.config().put("max_position_embeddings", 512);
      return config.put("hidden_size", 128).put("vocab_size", 1000);
    }
  }

  private static void assertRepeats(LanguageModel model, TokenBatch batch, LossWeights weights) {
    Memories start = Memories.of(model.parameters());
    Step first = step(model, batch, weights, false);
    assertThat(first.weights()).isNotEqualTo(start);
    for (int i = 1; i < REPETITIONS; i++) {
      start.restore(model.parameters());
      // every third computes its activations anew
      assertThat(step(model, batch, weights, i % 3 == 0)).isEqualTo(first);
    }
    start.restore(model.parameters());
  }

  /** Everything that a step computes. */
  private record Step(LossStats stats, Memories gradients, Memories weights) {}

  private static Step step(
      LanguageModel model, TokenBatch batch, LossWeights weights, boolean recompute) {
    try (Learner learner = Learner.fresh(model)) {
      learner.recompute(recompute);
      LossStats stats = learner.accumulate(batch, weights, 1);
      Memories gradients = Memories.of(learner.gradients());
      assertThat(learner.update(ADAM, 1e-2).skipped()).isFalse();
      return new Step(stats, gradients, Memories.of(model.parameters()));
    }
  }

  /** The same where a teacher of another family is listened to, wholly and by its likeliest. */
  @ParameterizedTest
  @MethodSource("families")
  void aTaughtStepRepeatsToTheBit(String name) throws IOException {
    String other = name.equals("mixtral") ? "olmoe_llama3" : "mixtral";
    try (LanguageModel model = open(name, Precision.FLOAT32);
        LanguageModel teacher = LanguageModel.fresh(vocabularyOf(model, other), 5, MIXED)) {
      TokenBatch batch = batch(model, 5, 12, documents(5));
      for (int top : new int[] {0, 4}) {
        Distillation distillation = new Distillation(teacher, 2, 0.5, top);
        Step first = taught(model, batch, distillation, false);
        assertThat(first.stats().distillation()).isPositive();
        for (int i = 1; i < TAUGHT_REPETITIONS; i++) {
          assertThat(taught(model, batch, distillation, i % 3 == 0)).isEqualTo(first);
        }
      }
    }
  }

  private static ObjectNode vocabularyOf(LanguageModel model, String name) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(Goldens.folder(name))) {
      return checkpoint.config().put("vocab_size", model.spec().vocabularySize());
    }
  }

  private static Step taught(
      LanguageModel model, TokenBatch batch, Distillation distillation, boolean recompute) {
    Memories start = Memories.of(model.parameters());
    try (Learner learner = Learner.fresh(model)) {
      learner.recompute(recompute);
      LossStats stats = learner.accumulate(batch, WEIGHTS, 1, distillation);
      Memories gradients = Memories.of(learner.gradients());
      learner.update(ADAM, 1e-2);
      return new Step(stats, gradients, Memories.of(model.parameters()));
    } finally {
      start.restore(model.parameters());
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void wholeSequencesAsDocumentsAreTheSame(String name) throws IOException {
    try (LanguageModel model = open(name, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      TokenBatch plain = batch(model, 4, 12, List.of());
      TokenBatch documents = batch(model, 4, 12, Collections.nCopies(4, 12));
      assertClose(model.logits(documents), model.logits(plain));
      assertClose(model.score(documents).losses(), model.score(plain).losses());
      LossStats expected = learner.accumulate(plain, WEIGHTS, 1);
      List<float[]> gradients = floats(learner.gradients());
      learner.update(ADAM, 0);
      LossStats found = learner.accumulate(documents, WEIGHTS, 1);
      assertThat(found.crossEntropy()).isCloseTo(expected.crossEntropy(), within(1e-6));
      assertThat(found.load()).isEqualTo(expected.load());
      assertAllClose(floats(learner.gradients()), gradients);
    }
  }

  /** Documents in one sequence do not see one another: each is as if it stood alone. */
  @ParameterizedTest
  @MethodSource("families")
  void documentsAreAsIfAlone(String name) throws IOException {
    try (LanguageModel model = open(name, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      List<Integer> lengths = documents(4);
      TokenBatch together = batch(model, 4, 12, lengths);
      float[] losses = model.score(together).losses();
      assertThat(losses).isNotEqualTo(model.score(batch(model, 4, 12, List.of())).losses());
      double sum = 0;
      int from = 0;
      for (int length : lengths) {
        TokenBatch alone = cut(together, from, from + length);
        float[] expected = model.score(alone).losses();
        assertClose(Arrays.copyOfRange(losses, from, from + length), expected);
        LossStats stats = learner.accumulate(alone, LossWeights.NONE, (double) alone.counted());
        sum += stats.crossEntropy() * stats.tokens();
        from += length;
      }
      List<float[]> summed = floats(learner.gradients());
      learner.update(ADAM, 0);
      LossStats all = learner.accumulate(together, LossWeights.NONE, (double) together.counted());
      assertThat(all.crossEntropy() * all.tokens()).isCloseTo(sum, within(1e-5 * sum));
      assertAllClose(floats(learner.gradients()), summed);
    }
  }

  /** A batch is the mean of its sequences, however they are shared out. */
  @ParameterizedTest
  @MethodSource("families")
  void sharesAreTheSequencesOneByOne(String name) throws IOException {
    try (LanguageModel model = open(name, Precision.FLOAT32)) {
      assertMeanOfFive(model, batch(model, 5, 12, List.of()));
    }
  }

  /** Rows enough for several blocks of a matrix product, in each share and for each expert. */
  @ParameterizedTest
  @MethodSource("families")
  void blocksOfRowsAreTheSequencesFewByFew(String name) throws IOException {
    try (LanguageModel model = open(name, Precision.FLOAT32)) {
      assertMeanOfFive(model, batch(model, 480, 12, List.of()));
    }
  }

  private static void assertMeanOfFive(LanguageModel model, TokenBatch batch) {
    LossWeights weights = new LossWeights(0, 0.01);
    try (Learner learner = Learner.fresh(model)) {
      ExpertLoad load = ExpertLoad.NONE;
      for (TokenBatch part : batch.shares(5)) {
        load = load.plus(learner.accumulate(part, weights, 0.2).load());
      }
      List<float[]> summed = floats(learner.gradients());
      learner.update(ADAM, 0);
      assertThat(learner.accumulate(batch, weights, 1).load()).isEqualTo(load);
      assertAllClose(floats(learner.gradients()), summed);
    }
  }

  /** A step may end with a short batch, which fewer threads share out. */
  @ParameterizedTest
  @MethodSource("families")
  void batchesOfOneStepMayDifferInSize(String name) throws IOException {
    try (LanguageModel model = open(name, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      TokenBatch large = batch(model, 4, 12, List.of());
      TokenBatch small = batch(model, 1, 12, List.of());
      learner.accumulate(large, WEIGHTS, 1);
      learner.accumulate(small, WEIGHTS, 1);
      List<float[]> largeFirst = floats(learner.gradients());
      learner.update(ADAM, 0);
      learner.accumulate(small, WEIGHTS, 1);
      learner.accumulate(large, WEIGHTS, 1);
      assertAllClose(floats(learner.gradients()), largeFirst);
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void generationAndScoresRepeatToTheBit(String name) throws IOException {
    try (LanguageModel model = open(name, Precision.FLOAT32)) {
      TokenBatch batch = batch(model, 4, 12, List.of());
      float[] logits = model.logits(batch);
      TokenScores scores = model.score(batch);
      RouterHealth health = model.routers(batch);
      float[] next = next(model, batch);
      for (int i = 1; i < REPETITIONS; i++) {
        assertThat(model.logits(batch)).isEqualTo(logits);
        assertThat(model.score(batch)).isEqualTo(scores);
        assertThat(model.routers(batch)).isEqualTo(health);
        assertThat(next(model, batch)).isEqualTo(next);
      }
    }
  }

  private static float[] next(LanguageModel model, TokenBatch batch) {
    try (Generation text = model.generation(12)) {
      text.append(Arrays.copyOf(batch.ids(), 7));
      return text.append(batch.ids()[7]);
    }
  }

  private static LanguageModel open(String name, Precision precision) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(Goldens.folder(name))) {
      return LanguageModel.open(checkpoint, precision);
    }
  }

  /** Documents of 5, 1 and 6 tokens in each sequence of 12. */
  private static List<Integer> documents(int batch) {
    return Collections.nCopies(batch, List.of(5, 1, 6)).stream().flatMap(List::stream).toList();
  }

  private static TokenBatch batch(
      LanguageModel model, int batch, int sequence, List<Integer> segments) {
    Random random = new Random(batch * 31L + sequence);
    int vocabulary = model.spec().vocabularySize();
    int[] ids = random.ints((long) batch * sequence, 0, vocabulary).toArray();
    int[] labels = random.ints(ids.length, 0, vocabulary).toArray();
    for (int i = 2; i < labels.length; i += sequence) {
      labels[i] = TokenBatch.IGNORED;
    }
    return new TokenBatch(ids, labels, batch, sequence, ImmutableList.copyOf(segments));
  }

  private static TokenBatch cut(TokenBatch batch, int from, int to) {
    return new TokenBatch(
        Arrays.copyOfRange(batch.ids(), from, to),
        Arrays.copyOfRange(batch.labels(), from, to),
        1,
        to - from);
  }

  private static List<float[]> floats(Parameters parameters) {
    return Memories.live(parameters).stream()
        .map(
            memory -> {
              FloatBuffer from = memory.asFloatBuffer();
              float[] floats = new float[from.remaining()];
              from.get(floats);
              return floats;
            })
        .toList();
  }

  private static void assertAllClose(List<float[]> found, List<float[]> expected) {
    assertThat(found).hasSameSizeAs(expected);
    for (int i = 0; i < found.size(); i++) {
      assertClose(found.get(i), expected.get(i));
    }
  }

  private static void assertClose(float[] found, float[] expected) {
    assertThat(found).hasSameSizeAs(expected);
    double largest = 0;
    double error = 0;
    for (int i = 0; i < found.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      error = Math.max(error, Math.abs(found[i] - expected[i]));
    }
    assertThat(error).isLessThanOrEqualTo(1e-5 * largest);
  }
}

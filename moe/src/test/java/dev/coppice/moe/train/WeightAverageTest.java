package dev.coppice.moe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.testing.Goldens;
import dev.coppice.moe.testing.Memories;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightAverageTest {
  private static final AdamWSettings ADAM = new AdamWSettings(0.9, 0.95, 1e-8, 0.1, 1.0);
  private static final double DECAY = 0.75;
  private static final String MODEL = "deepseek_v3_groups";

  @TempDir Path folder;

  @Test
  void averageFollowsAcceptedUpdates() throws IOException {
    try (LanguageModel model = open();
        Learner learner = Learner.fresh(model)) {
      learner.average(DECAY);
      List<float[]> weights = floats(Memories.of(model.parameters()));
      List<double[]> expected = weights.stream().map(WeightAverageTest::doubles).toList();
      for (int step = 0; step < 4; step++) {
        boolean accepted = step != 2;
        LossStats stats = learner.accumulate(batch(model, step), LossWeights.NONE, 1);
        learner.balance(stats.load(), 1e-3);
        learner.update(ADAM, 1e-2, norm -> accepted);
        List<float[]> now = floats(Memories.of(model.parameters()));
        for (int i = 0; i < now.size() && accepted; i++) {
          for (int j = 0; j < now.get(i).length; j++) {
            expected.get(i)[j] += (1 - DECAY) * (now.get(i)[j] - expected.get(i)[j]);
          }
        }
        assertClose(floats(average(learner)), expected);
      }
    }
  }

  @Test
  void averageGoesOnBitByBit() throws IOException {
    Path file = folder.resolve("average.safetensors");
    Path moments = folder.resolve("optimizer.safetensors");
    try (LanguageModel model = open();
        LanguageModel other = open();
        Learner learner = Learner.fresh(model)) {
      learner.average(DECAY);
      train(model, learner, 0);
      train(model, learner, 1);
      learner.state().saveAverage(file);
      learner.state().saveMoments(moments);
      Memories.of(model.parameters()).restore(other.parameters());
      try (Learner restored = Learner.restore(other, moments)) {
        restored.average(DECAY);
        assertThat(average(restored)).isNotEqualTo(average(learner));
        restored.restoreAverage(file);
        assertThat(average(restored)).isEqualTo(average(learner));
        train(model, learner, 2);
        train(other, restored, 2);
        assertThat(average(restored)).isEqualTo(average(learner));
        assertThat(Memories.of(other.parameters())).isEqualTo(Memories.of(model.parameters()));
      }
    }
  }

  @Test
  void averageIsWrittenAsAModel() throws IOException {
    Path written = folder.resolve("average");
    try (LanguageModel model = open();
        Learner learner = Learner.fresh(model)) {
      learner.average(DECAY);
      train(model, learner, 0);
      try (CheckpointWriter writer = CheckpointWriter.begin(written)) {
        learner.state().writeAverage(writer, 20_000);
        writer.commit();
      }
      try (Checkpoint checkpoint = Checkpoint.open(written);
          LanguageModel read = LanguageModel.open(checkpoint, Precision.FLOAT32)) {
        assertThat(Memories.of(read.parameters()))
            .isEqualTo(average(learner))
            .isNotEqualTo(Memories.of(model.parameters()));
      }
    }
  }

  @Test
  void averageThatIsNotKeptIsRefused() throws IOException {
    Path file = folder.resolve("average.safetensors");
    try (LanguageModel model = open();
        Learner learner = Learner.fresh(model)) {
      assertThatThrownBy(() -> learner.state().saveAverage(file))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("average of weights must be kept, got none");
      assertThatThrownBy(() -> learner.restoreAverage(file))
          .isInstanceOf(IllegalStateException.class);
      learner.average(DECAY);
      learner.average(0);
      assertThatThrownBy(() -> learner.state().saveAverage(file))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> learner.average(1))
          .hasMessage("decay of the average must lie in [0, 1), got 1.0");
      assertThat(file).doesNotExist();
      learner.average(DECAY);
      learner.state().saveMoments(file);
      assertThatThrownBy(() -> learner.restoreAverage(file))
          .isInstanceOf(CoppiceException.class)
          .hasMessageContaining("must be there, got none");
    }
  }

  private static void train(LanguageModel model, Learner learner, int seed) {
    LossStats stats = learner.accumulate(batch(model, seed), LossWeights.NONE, 1);
    learner.update(ADAM, 1e-2);
    learner.balance(stats.load(), 1e-3);
  }

  private static Memories average(Learner learner) {
    return Memories.of(learner.averaged().orElseThrow());
  }

  private static List<float[]> floats(Memories memories) {
    return memories.arrays().stream().map(WeightAverageTest::floats).toList();
  }

  private static float[] floats(ByteBuffer bytes) {
    FloatBuffer from = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    float[] floats = new float[from.remaining()];
    from.get(floats);
    return floats;
  }

  private static double[] doubles(float[] floats) {
    double[] doubles = new double[floats.length];
    for (int i = 0; i < floats.length; i++) {
      doubles[i] = floats[i];
    }
    return doubles;
  }

  private static void assertClose(List<float[]> found, List<double[]> expected) {
    double error = 0;
    for (int i = 0; i < expected.size(); i++) {
      for (int j = 0; j < expected.get(i).length; j++) {
        double wanted = expected.get(i)[j];
        error = Math.max(error, Math.abs(found.get(i)[j] - wanted) / (1 + Math.abs(wanted)));
      }
    }
    assertThat(error).isLessThan(1e-6);
  }

  private static LanguageModel open() throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(Goldens.folder(MODEL))) {
      return LanguageModel.open(checkpoint, Precision.FLOAT32);
    }
  }

  private static TokenBatch batch(LanguageModel model, int seed) {
    int[] ids = new Random(seed).ints(24, 0, model.spec().vocabularySize()).toArray();
    return new TokenBatch(ids, ids.clone(), 2, 12);
  }
}

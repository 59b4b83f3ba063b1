package dev.coppice.moe.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.parameter.ParameterLayout;
import dev.coppice.moe.parameter.Parameters;
import dev.coppice.moe.testing.Memories;
import dev.coppice.moe.testing.SmallModel;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Passes and whole runs repeat to the bit. */
class RepeatabilityTest {
  private static final AdamWSettings ADAM = new AdamWSettings(0.9, 0.95, 1e-8, 0.1, 1.0);
  private static final LossWeights WEIGHTS = new LossWeights(0.01, 0.001);

  @Test
  void thirtyPassesGiveTheSameBits() {
    try (LanguageModel model = LanguageModel.fresh(SmallModel.config(), 1, Precision.FLOAT32)) {
      TokenBatch batch = SmallModel.batch(1);
      float[] logits = model.logits(batch);
      List<ByteBuffer> first = List.of();
      for (int i = 0; i < 30; i++) {
        try (Learner learner = Learner.fresh(model)) {
          learner.accumulate(batch, WEIGHTS, 1);
          List<ByteBuffer> gradients = copies(learner.gradients());
          first = i == 0 ? gradients : first;
          assertThat(gradients).isEqualTo(first);
        }
        assertThat(model.logits(batch)).isEqualTo(logits);
      }
    }
  }

  @Test
  void twoRunsGiveTheSameBits() {
    assertThat(run()).isEqualTo(run());
  }

  private static List<ByteBuffer> run() {
    try (LanguageModel model = LanguageModel.fresh(SmallModel.config(), 5, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      for (int i = 0; i < 10; i++) {
        learner.accumulate(SmallModel.batch(i), WEIGHTS, 1);
        learner.update(ADAM, 1e-2);
      }
      return copies(model.parameters());
    }
  }

  private static List<ByteBuffer> copies(Parameters parameters) {
    List<ByteBuffer> copies = new ArrayList<>();
    List<ParameterLayout.Slot> slots = parameters.layout().slots();
    for (int i = 0; i < slots.size(); i++) {
      if (slots.get(i).exists()) {
        ByteBuffer memory = Memories.map(parameters, i, 0, slots.get(i).elements());
        copies.add(ByteBuffer.allocate(memory.remaining()).put(memory).flip());
      }
    }
    return copies;
  }
}

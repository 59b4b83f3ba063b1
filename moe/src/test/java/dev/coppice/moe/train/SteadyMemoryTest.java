package dev.coppice.moe.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.model.Generation;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.parameter.ParameterPart;
import dev.coppice.moe.parameter.ParameterPolicy;
import dev.coppice.moe.testing.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * A thousand steps, and what else a model is asked between them, leave nothing behind: managers
 * that are capped refuse every new array, and neither native memory nor the heap grows.
 */
class SteadyMemoryTest {
  private static final AdamWSettings ADAM = new AdamWSettings(0.9, 0.95, 1e-8, 0.1, 1.0);
  private static final LossWeights WEIGHTS = new LossWeights(0.01, 0.001);
  private static final int WARM_UP = 200;
  private static final int STEPS = 1000;

  /** Most growth; the virtual machine itself takes up to 20 MB on the way. */
  private static final long MOST = 40L << 20;

  /** Bytes in use. */
  private record Memory(long resident, long heap) {
    static Memory now() throws IOException {
      System.gc();
      long heap = Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith("VmRSS:")) {
          return new Memory(Long.parseLong(line.replaceAll("\\D", "")) << 10, heap);
        }
      }
      throw new IllegalStateException("no VmRSS");
    }
  }

  @Test
  void aThousandStepsHoldMemorySteady() throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(Goldens.folder("deepseek_v3_groups"));
        LanguageModel model = LanguageModel.open(checkpoint, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      learner.average(0.99);
      learner.policy(halfAsFast());
      train(model, learner, WARM_UP);
      // heap that other tests needed goes back to the system a while after it is collected
      System.gc();
      train(model, learner, WARM_UP);
      model.manager().cap();
      learner.manager().cap();
      int arrays = model.manager().getManagedArrays().size();
      Memory growth = growth(model, learner);
      // what the virtual machine's compiler took goes back; what leaks grows every time
      for (int again = 0; again < 2 && growth.resident() >= MOST; again++) {
        growth = growth(model, learner);
      }
      // not the list itself: to print it would need new arrays
      assertThat(model.manager().getManagedArrays().size()).isEqualTo(arrays);
      assertThat(growth.resident()).isLessThan(MOST);
      assertThat(growth.heap()).isLessThan(MOST);
    }
  }

  /** By how much a thousand steps let memory grow. */
  private static Memory growth(LanguageModel model, Learner learner) throws IOException {
    Memory before = Memory.now();
    train(model, learner, STEPS);
    Memory after = Memory.now();
    report(before, after);
    return new Memory(after.resident() - before.resident(), after.heap() - before.heap());
  }

  private static void report(Memory before, Memory after) {
    System.out.printf(
        Locale.ROOT,
        "%d steps; resident %.1f MB before, %.1f after; heap %.1f MB before, %.1f after%n",
        STEPS,
        before.resident() / 1e6,
        after.resident() / 1e6,
        before.heap() / 1e6,
        after.heap() / 1e6);
  }

  private static void train(LanguageModel model, Learner learner, int steps) {
    for (int i = 0; i < steps; i++) {
      TokenBatch batch = batch(model, i);
      learner.recompute(i % 3 == 2);
      LossStats stats = learn(model, learner, batch, i);
      learner.update(ADAM, 1e-3);
      if (model.spec().router().selectionBias()) {
        learner.balance(stats.load(), 1e-3);
      }
      if (i % 10 == 0) {
        ask(model, batch);
      }
    }
  }

  private static LossStats learn(LanguageModel model, Learner learner, TokenBatch batch, int step) {
    LossWeights weights = step % 5 == 0 ? LossWeights.NONE : WEIGHTS;
    // a model that is its own teacher is one less to open
    return step % 7 == 0
        ? learner.accumulate(batch, weights, 1, new Distillation(model, 2, 0.5, step % 2 * 3))
        : learner.accumulate(batch, weights, 1);
  }

  private static ParameterPolicy halfAsFast() {
    return new ParameterPolicy() {
      @Override
      public double rate(ParameterPart part) {
        return part.expert() == 1 ? 0.5 : 1;
      }

      @Override
      public boolean decays(ParameterPart part) {
        return part.kind().matrix();
      }
    };
  }

  private static void ask(LanguageModel model, TokenBatch batch) {
    model.score(batch);
    model.logits(batch);
    model.routers(batch);
    try (Generation text = model.generation(5)) {
      text.append(1, 2, 3);
      text.append(4);
    }
  }

  private static TokenBatch batch(LanguageModel model, int seed) {
    int[] ids = new Random(seed).ints(4 * 12, 0, model.spec().vocabularySize()).toArray();
    List<Integer> documents =
        seed % 3 == 1
            ? Collections.nCopies(4, List.of(5, 7)).stream().flatMap(List::stream).toList()
            : List.of();
    return new TokenBatch(ids, ids.clone(), 4, 12, ImmutableList.copyOf(documents));
  }
}

package dev.coppice.moe.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.parameter.ParameterPart;
import dev.coppice.moe.parameter.ParameterPolicy;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.util.Arrays;
import java.util.Collections;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.function.ToDoubleFunction;

/**
 * Prints what policies, averages, snapshots and teachers cost, in milliseconds; no test.
 *
 * <p>The model is that of {@code coppice bench speed train}: 4 layers, hidden 256, 8 experts of
 * width 512. Each figure is the median of so many runs, taken in turn.
 */
final class LearnerTiming {
  private static final AdamWSettings ADAM = new AdamWSettings(0.9, 0.95, 1e-8, 0.1, 1.0);
  private static final int ROUNDS = 15;

  private LearnerTiming() {}

  /** What is timed. */
  private static final class Case {
    private final String name;
    private final Runnable work;
    private final double[] milliseconds = new double[ROUNDS];

    private Case(String name, Runnable work) {
      this.name = name;
      this.work = work;
    }

    static Case of(String name, Runnable work) {
      return new Case(name, work);
    }

    void run(int round) {
      long start = System.nanoTime();
      work.run();
      milliseconds[round] = (System.nanoTime() - start) / 1e6;
    }

    void print() {
      double[] sorted = milliseconds.clone();
      Arrays.sort(sorted);
      System.out.printf(Locale.ROOT, "%-44s %9.2f ms%n", name, sorted[ROUNDS / 2]);
    }
  }

  private record Policy(ToDoubleFunction<ParameterPart> rates) implements ParameterPolicy {
    @Override
    public double rate(ParameterPart part) {
      return rates.applyAsDouble(part);
    }

    @Override
    public boolean decays(ParameterPart part) {
      return part.kind().matrix();
    }
  }

  /** Prints the table. */
  public static void main(String[] arguments) {
    try (LanguageModel model = LanguageModel.fresh(config(), 1, Precision.FLOAT32);
        LanguageModel teacher = LanguageModel.fresh(config(), 2, Precision.FLOAT32);
        Learner plain = Learner.fresh(model);
        Learner ones = Learner.fresh(model);
        Learner alternating = Learner.fresh(model);
        Learner averaged = Learner.fresh(model);
        Learner learner = Learner.fresh(model);
        LearnerSnapshot snapshot = plain.snapshot(Optional.empty())) {
      ones.policy(new Policy(part -> 1));
      alternating.policy(new Policy(part -> part.expert() % 2 == 0 ? 1 : 0.5));
      averaged.average(0.999);
      TokenBatch batch = batch();
      ImmutableList<Case> cases =
          ImmutableList.of(
              Case.of("update, default policy", () -> plain.update(ADAM, 1e-6)),
              Case.of("update, rates of 1", () -> ones.update(ADAM, 1e-6)),
              Case.of("update, every other expert slower", () -> alternating.update(ADAM, 1e-6)),
              Case.of("update, with an average", () -> averaged.update(ADAM, 1e-6)),
              Case.of(
                  "snapshot in memory used before", () -> plain.snapshot(Optional.of(snapshot))),
              Case.of("accumulate", () -> learner.accumulate(batch, LossWeights.NONE, 1)),
              Case.of(
                  "accumulate, with a teacher",
                  () ->
                      learner.accumulate(
                          batch, LossWeights.NONE, 1, new Distillation(teacher, 1, 1, 0))),
              Case.of(
                  "accumulate, with a teacher's top 32",
                  () ->
                      learner.accumulate(
                          batch, LossWeights.NONE, 1, new Distillation(teacher, 1, 1, 32))));
      cases.forEach(one -> one.run(0));
      for (int round = 0; round < ROUNDS; round++) {
        int now = round;
        cases.forEach(one -> one.run(now));
      }
      cases.forEach(Case::print);
    }
  }

  private static ObjectNode config() {
    LayerSpec layer = new LayerSpec.Moe(8, 2, 512);
    MoeSpec spec =
        new MoeSpec(
            "qwen3_moe",
            4096,
            256,
            GroupedAttention.plain(8, 4, 32, true, 10000),
            new RouterSpec(true),
            ImmutableList.copyOf(Collections.nCopies(4, layer)),
            1e-6,
            false,
            256);
    return Family.named("qwen3_moe").configFor(spec);
  }

  private static TokenBatch batch() {
    int[] ids = new Random(1).ints(8 * 256, 0, 4096).toArray();
    return new TokenBatch(ids, ids.clone(), 8, 256);
  }
}

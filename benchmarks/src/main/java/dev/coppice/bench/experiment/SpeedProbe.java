package dev.coppice.bench.experiment;

import com.google.common.math.Quantiles;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.Precision;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.random.KeyedHash;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.train.AdamWSettings;
import dev.coppice.moe.train.Learner;
import dev.coppice.moe.train.LossWeights;
import dev.coppice.train.budget.StepCost;
import java.util.ArrayList;
import java.util.List;

/** Measures how long a training step of a shape takes here, on random bytes. */
final class SpeedProbe {
  private static final int WARM_UP_STEPS = 3;
  private static final int FEWEST_STEPS = 3;
  private static final AdamWSettings SETTINGS = new AdamWSettings(0.9, 0.95, 1e-8, 0.1, 1);
  private static final LossWeights LOSS = new LossWeights(0.01, 0.001);

  private SpeedProbe() {}

  /**
   * Trains a fresh model of the shape for a moment.
   *
   * @param shape of the model
   * @param recipe batch and sequence
   * @param seconds to measure for, after a few steps of warm-up, which take no longer; a slow
   *     machine makes one step of each
   * @return cost of a step, and the median of the time it took
   */
  static Budgets.Pace measure(MoeSpec shape, TrainingRecipe recipe, double seconds) {
    TokenBatch batch = randomBatch(shape.vocabularySize(), recipe);
    try (LanguageModel model =
            LanguageModel.fresh(
                Family.named(shape.family()).configFor(shape), 0, Precision.FLOAT32);
        Learner learner = Learner.fresh(model)) {
      double warmUp = 0;
      for (int i = 0; i < WARM_UP_STEPS && warmUp < seconds; i++) {
        warmUp += step(learner, batch);
      }
      List<Double> times = new ArrayList<>();
      double total = 0;
      while (times.isEmpty()
          || total < seconds
          || (times.size() < FEWEST_STEPS && total < 2 * seconds)) {
        double time = step(learner, batch);
        times.add(time);
        total += time;
      }
      StepCost cost = StepCost.of(shape, recipe.batch(), recipe.sequence());
      return new Budgets.Pace(cost, Quantiles.median().compute(times));
    }
  }

  private static double step(Learner learner, TokenBatch batch) {
    long start = System.nanoTime();
    learner.accumulate(batch, LOSS, 1);
    learner.update(SETTINGS, 1e-4);
    return (System.nanoTime() - start) / 1e9;
  }

  private static TokenBatch randomBatch(int vocabulary, TrainingRecipe recipe) {
    int[] idsBS = new int[(int) recipe.tokensPerStep()];
    int[] labelsBS = new int[idsBS.length];
    for (int i = 0; i < idsBS.length; i++) {
      idsBS[i] = (int) KeyedHash.below(KeyedHash.of(0, i), vocabulary);
      labelsBS[i] = (int) KeyedHash.below(KeyedHash.of(1, i), vocabulary);
    }
    return new TokenBatch(idsBS, labelsBS, recipe.batch(), recipe.sequence());
  }
}

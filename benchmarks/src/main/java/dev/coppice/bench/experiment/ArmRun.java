package dev.coppice.bench.experiment;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.chart.Point;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.data.token.TokenFile;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.metrics.MetricsLog;
import dev.coppice.train.optimizer.InitialMoments;
import dev.coppice.train.run.ProgressListener;
import dev.coppice.train.run.TrainResult;
import dev.coppice.train.run.TrainingRun;
import dev.coppice.train.schedule.Schedule;
import dev.coppice.train.spec.BatchSpec;
import dev.coppice.train.spec.EvaluationSpec;
import dev.coppice.train.spec.InitialWeights;
import dev.coppice.train.spec.SaveSpec;
import dev.coppice.train.spec.TrainSpec;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * One training of an experiment.
 *
 * @param name of the model that comes out
 * @param start folder that it starts from
 * @param weights whether the folder's weights are used or only its shape
 * @param schedule of the learning rate
 * @param seed of data order and fresh weights
 * @param flops that it may spend
 */
record ArmRun(
    String name,
    Path start,
    InitialWeights weights,
    Schedule schedule,
    long seed,
    BigInteger flops) {

  /**
   * Trains, then moves the last checkpoint and the curve to their places.
   *
   * @param recipe settings of all trainings
   * @param data to train on
   * @param places where things go
   * @param listener called after each step
   */
  TrainResult run(TrainingRecipe recipe, TokenFile data, Places places, ProgressListener listener)
      throws IOException {
    try (TrainingRun run =
        TrainingRun.start(
            spec(recipe), start, data, new Budget.Flops(flops), places.work().resolve(name))) {
      TrainResult result = run.run(listener);
      if (!result.finished()) {
        throw new CoppiceException(ErrorKind.PREEMPTED, "training must spend its budget: " + name);
      }
      Files.move(result.checkpoint(), places.checkpoint());
      Files.copy(result.lossCurve(), places.curve());
      return result;
    }
  }

  /** Where a training works, and where its results go. */
  record Places(Path work, Path checkpoint, Path curve) {}

  private TrainSpec spec(TrainingRecipe recipe) {
    return TrainSpec.defaults()
        .withSeed(seed)
        .withInitialWeights(weights)
        .withInitialMoments(InitialMoments.ZERO)
        .withBatch(
            new BatchSpec(
                recipe.batch(), recipe.sequence(), recipe.batch(), recipe.documentMask(), false))
        .withOptimizer(recipe.optimizer())
        .withSchedule(schedule)
        .withLoss(recipe.loss())
        .withEvaluation(EvaluationSpec.NONE)
        .withSave(new SaveSpec(Long.MAX_VALUE, 1));
  }

  /** Loss over extra FLOPs. */
  static ImmutableList<Point> curve(Path file) throws IOException {
    ImmutableList.Builder<Point> points = ImmutableList.builder();
    for (MetricsLine line : MetricsLog.read(file)) {
      Double loss = line.loss();
      if (loss != null) {
        points.add(new Point(line.extraFlops().doubleValue(), loss));
      }
    }
    return points.build();
  }
}

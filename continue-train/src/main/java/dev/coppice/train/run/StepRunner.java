package dev.coppice.train.run;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.moe.model.AdamWSettings;
import dev.coppice.moe.model.ExpertLoad;
import dev.coppice.moe.model.LossStats;
import dev.coppice.moe.model.LossWeights;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.model.UpdateReport;
import dev.coppice.train.budget.BudgetMeter;
import dev.coppice.train.budget.Spent;
import dev.coppice.train.data.BatchSource;
import dev.coppice.train.data.TokenWindows;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.optimizer.OptimizerSpec;
import java.util.ArrayList;
import java.util.List;

/** Takes one step after the other. */
final class StepRunner {
  private final Trainee trainee;
  private final BatchSource source;
  private final BudgetMeter meter;
  private final TrainSpec spec;
  private final AdamWSettings settings;
  private final LossWeights weights;
  private RunState state;
  private double lastNorm;

  /**
   * A runner that goes on from a state.
   *
   * @param trainee what learns
   * @param source of batches
   * @param meter of the budget
   * @param state that the trainee is in
   */
  StepRunner(Trainee trainee, BatchSource source, BudgetMeter meter, RunState state) {
    this.trainee = trainee;
    this.source = source;
    this.meter = meter;
    this.state = state;
    this.spec = state.spec();
    OptimizerSpec optimizer = spec.optimizer();
    this.settings =
        new AdamWSettings(
            optimizer.beta1(),
            optimizer.beta2(),
            optimizer.epsilon(),
            optimizer.weightDecay(),
            optimizer.maxGradientNorm());
    this.weights = new LossWeights(spec.loss().loadBalance(), spec.loss().z());
  }

  /** Where the run stands. */
  RunState state() {
    return state;
  }

  /** Takes a step. */
  MetricsLine step() {
    long started = System.nanoTime();
    double learningRate =
        spec.schedule().at(meter.shareInNextStep(), spec.optimizer().learningRate());
    LossStats losses = accumulate();
    UpdateReport update = trainee.update(settings, learningRate);
    if (spec.loss().biasStep() > 0 && !update.skipped()) {
      trainee.balance(losses.load(), spec.loss().biasStep());
    }
    double seconds = (System.nanoTime() - started) / 1e9;
    meter.spend(seconds);
    state = state.after(meter.spent(), update.skipped());
    lastNorm = update.gradientNorm();
    return line(losses, update, learningRate, seconds);
  }

  private LossStats accumulate() {
    List<TokenBatch> parts = new ArrayList<>();
    int micro = spec.batch().microBatch();
    for (int first = 0; first < spec.batch().sequences(); first += micro) {
      parts.add(source.batch(state.windowsDrawn() + first, micro));
    }
    long counted = Math.max(1, parts.stream().mapToLong(TokenWindows::countedLabels).sum());
    double crossEntropy = 0;
    double loadBalance = 0;
    double z = 0;
    ExpertLoad load = ExpertLoad.NONE;
    for (TokenBatch part : parts) {
      // so weighted, the step's loss is the mean over all its tokens however it is parted
      double scale = (double) TokenWindows.countedLabels(part) / counted;
      LossStats stats = trainee.accumulate(part, weights, scale);
      crossEntropy += scale * stats.crossEntropy();
      loadBalance += scale * stats.loadBalance();
      z += scale * stats.z();
      load = load.plus(stats.load());
    }
    return new LossStats(crossEntropy, loadBalance, z, counted, load);
  }

  /**
   * Ends a run whose gradients stay non-finite.
   *
   * @throws CoppiceException with {@link ExitCode#DIVERGED} when too many steps in a row had none
   */
  void checkNotDiverged() {
    if (state.consecutiveSkips() >= spec.optimizer().maxSkipsInARow()) {
      throw new CoppiceException(
          ExitCode.DIVERGED,
          "gradient must be finite, got norm "
              + lastNorm
              + " in "
              + state.consecutiveSkips()
              + " steps in a row (step "
              + state.step()
              + ")");
    }
  }

  private MetricsLine line(
      LossStats losses, UpdateReport update, double learningRate, double seconds) {
    Spent spent = meter.spent();
    return new MetricsLine(
        spent.steps(),
        spent.tokens(),
        spent.flops(),
        MetricsLine.finite(losses.crossEntropy()),
        MetricsLine.finite(losses.loadBalance()),
        MetricsLine.finite(losses.z()),
        losses.load().imbalance(),
        losses.load().deadExperts(),
        learningRate,
        MetricsLine.finite(update.gradientNorm()),
        update.skipped(),
        meter.cost().tokens() / Math.max(seconds, 1e-9),
        spent.seconds());
  }
}

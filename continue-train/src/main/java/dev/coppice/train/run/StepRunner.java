package dev.coppice.train.run;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.train.AdamWSettings;
import dev.coppice.moe.train.ExpertLoad;
import dev.coppice.moe.train.LossStats;
import dev.coppice.moe.train.LossWeights;
import dev.coppice.moe.train.UpdateReport;
import dev.coppice.train.budget.BudgetMeter;
import dev.coppice.train.budget.Spent;
import dev.coppice.train.budget.StepCost;
import dev.coppice.train.data.batch.BatchSource;
import dev.coppice.train.data.batch.TokenWindows;
import dev.coppice.train.distill.TeacherSpec;
import dev.coppice.train.metrics.MetricsLine;
import dev.coppice.train.optimizer.OptimizerSpec;
import dev.coppice.train.spec.SpikePolicy;
import dev.coppice.train.spec.TrainSpec;
import dev.coppice.train.store.RunState;
import java.math.BigInteger;

/** Takes one step after the other. */
final class StepRunner {
  private final Trainee trainee;
  private final BatchSource source;
  private final BudgetMeter meter;
  private final TrainSpec spec;
  private final AdamWSettings settings;
  private final LossWeights weights;
  private final SpikeGuard guard;
  private RunState state;
  private double lastNorm;

  /** Losses of a step, and how long it waited for its data. */
  private record Losses(LossStats stats, double waitSeconds) {
    /** Of a step without a token to learn from: no loss is known. */
    static Losses none(double waitSeconds) {
      double no = Double.NaN;
      return new Losses(new LossStats(no, no, no, 0, ExpertLoad.NONE, no), waitSeconds);
    }

    boolean unlabelled() {
      return stats.tokens() == 0;
    }

    /** Everything that must be finite for the step to be taken. */
    boolean finite() {
      return Double.isFinite(
          stats.crossEntropy() + stats.loadBalance() + stats.z() + stats.distillation());
    }
  }

  /** The use of a step's gradient. */
  private record Applied(UpdateReport update, boolean finite, boolean spike) {
    /** Nothing: there was no token to learn from. */
    static final Applied NONE = new Applied(new UpdateReport(Double.NaN, true), true, false);
  }

  /**
   * A runner that continues from a state.
   *
   * @param trainee model and learner
   * @param source of batches
   * @param meter of the budget
   * @param state that the trainee is in
   */
  StepRunner(Trainee trainee, BatchSource source, BudgetMeter meter, RunState state) {
    this.trainee = trainee;
    trainee.threads(state.environment().threads());
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
    this.guard = new SpikeGuard(spec.guard(), state.guard());
  }

  /** Where the run stands. */
  RunState state() {
    return state;
  }

  /** Takes a step. */
  StepReport step() {
    long started = System.nanoTime();
    double learningRate =
        spec.schedule().at(meter.shareInNextStep(), spec.optimizer().learningRate());
    Losses losses = accumulate(teacherWeight());
    Applied applied = losses.unlabelled() ? Applied.NONE : apply(losses, learningRate);
    if (spec.loss().biasStep() > 0 && !applied.update().skipped()) {
      trainee.balance(losses.stats().load(), spec.loss().biasStep());
    }
    StepCost cost = meter.cost();
    double seconds = (System.nanoTime() - started) / 1e9;
    meter.spend(seconds);
    note(losses, applied);
    double tokensPerSecond = cost.tokens() / Math.max(seconds, 1e-9);
    return new StepReport(
        line(losses, applied, learningRate, tokensPerSecond), applied.spike(), losses.unlabelled());
  }

  private void note(Losses losses, Applied applied) {
    if (losses.unlabelled()) {
      state = state.afterNothing(meter.spent());
      return;
    }
    guard.saw(losses.stats().crossEntropy(), applied.update().gradientNorm(), applied.spike());
    state =
        state.after(
            meter.spent(),
            new RunState.Outcome(applied.update().skipped(), applied.finite(), guard.state()));
    lastNorm = applied.update().gradientNorm();
  }

  /** Counts an evaluation between steps. */
  void evaluated(BigInteger flops) {
    meter.evaluated(flops);
    state = state.withSpent(meter.spent());
  }

  private double teacherWeight() {
    TeacherSpec teacher = spec.teacher();
    return teacher == null ? 0 : teacher.at(meter.share());
  }

  private Applied apply(Losses losses, double learningRate) {
    boolean[] spike = {false};
    UpdateReport update =
        trainee.update(
            settings,
            learningRate,
            norm -> {
              spike[0] = losses.finite() && guard.spikes(losses.stats().crossEntropy(), norm);
              return losses.finite() && !(spike[0] && spec.guard().policy() != SpikePolicy.WARN);
            });
    boolean finite = losses.finite() && Double.isFinite(update.gradientNorm());
    return new Applied(update, finite, spike[0]);
  }

  private Losses accumulate(double teacherWeight) {
    long started = System.nanoTime();
    ImmutableList.Builder<TokenBatch> parts = ImmutableList.builder();
    int micro = spec.batch().microBatch();
    for (int first = 0; first < spec.batch().sequences(); first += micro) {
      parts.add(source.batch(state.windowsDrawn() + first, micro));
    }
    double waitSeconds = (System.nanoTime() - started) / 1e9;
    ImmutableList<TokenBatch> all = parts.build();
    if (all.stream().allMatch(part -> TokenWindows.countedLabels(part) == 0)) {
      return Losses.none(waitSeconds);
    }
    return new Losses(trainee.accumulate(all, weights, teacherWeight), waitSeconds);
  }

  /**
   * Ends a run whose gradients stay non-finite.
   *
   * @throws CoppiceException with {@link ErrorKind#DIVERGED} when too many steps in a row had none
   */
  void checkNotDiverged() {
    if (state.consecutiveSkips() >= spec.optimizer().maxSkipsInARow()) {
      throw new CoppiceException(
          ErrorKind.DIVERGED,
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
      Losses losses, Applied applied, double learningRate, double tokensPerSecond) {
    Spent spent = meter.spent();
    LossStats stats = losses.stats();
    return new MetricsLine(
        spent.steps(),
        spent.tokens(),
        spent.totalFlops(),
        spent.totalFlopsWithAttention(),
        MetricsLine.finite(stats.crossEntropy()),
        MetricsLine.finite(stats.loadBalance()),
        MetricsLine.finite(stats.z()),
        MetricsLine.finite(stats.distillation()),
        stats.load().imbalance(),
        stats.load().deadExperts(),
        learningRate,
        MetricsLine.finite(applied.update().gradientNorm()),
        applied.update().skipped(),
        tokensPerSecond,
        spent.seconds(),
        losses.waitSeconds());
  }
}

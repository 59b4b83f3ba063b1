package dev.coppice.train.store;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.coppice.moe.kernel.KernelVersion;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.budget.Spent;
import dev.coppice.train.spec.TrainSpec;
import java.util.List;

/**
 * Where a run stands after a step: {@code coppice-training/state.json} in each checkpoint. With the
 * weights and the moments beside it, this is all that resume needs.
 *
 * @param schemaVersion of this JSON object, 2
 * @param spent steps, tokens, FLOPs and seconds so far
 * @param windowsDrawn position in the order of the data; batches left out are counted
 * @param skippedSteps steps without an update so far
 * @param consecutiveSkips of those without a finite gradient, the ones since the last update
 * @param guard state of the guard against spikes
 * @param environment that the step was taken in
 * @param dataSha256 fingerprint of the data
 * @param budget of the run
 * @param spec of the run
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record RunState(
    int schemaVersion,
    Spent spent,
    long windowsDrawn,
    long skippedSteps,
    int consecutiveSkips,
    GuardState guard,
    Environment environment,
    String dataSha256,
    Budget budget,
    TrainSpec spec) {

  /** The state before the first step. */
  public static RunState before(RunManifest manifest, Environment environment) {
    return new RunState(
        2,
        Spent.NOTHING,
        0,
        0,
        0,
        GuardState.EMPTY,
        environment,
        manifest.data().sha256(),
        manifest.budget(),
        manifest.spec());
  }

  /** Report of one step. */
  public record Outcome(boolean skipped, boolean finite, GuardState guard) {}

  /** The state one step later. */
  public RunState after(Spent nowSpent, Outcome outcome) {
    return new RunState(
        schemaVersion,
        nowSpent,
        windowsDrawn + spec.batch().sequences(),
        skippedSteps + (outcome.skipped() ? 1 : 0),
        outcome.finite() ? 0 : consecutiveSkips + 1,
        outcome.guard(),
        environment,
        dataSha256,
        budget,
        spec);
  }

  /** The state one step later that had no token to learn from; what came before still counts. */
  public RunState afterNothing(Spent nowSpent) {
    return new RunState(
        schemaVersion,
        nowSpent,
        windowsDrawn + spec.batch().sequences(),
        skippedSteps + 1,
        consecutiveSkips,
        guard,
        environment,
        dataSha256,
        budget,
        spec);
  }

  /** The state after something other than a step was spent. */
  public RunState withSpent(Spent nowSpent) {
    return new RunState(
        schemaVersion,
        nowSpent,
        windowsDrawn,
        skippedSteps,
        consecutiveSkips,
        guard,
        environment,
        dataSha256,
        budget,
        spec);
  }

  /** The state after a roll back: what is spent stays spent, and some windows are left out. */
  public RunState rolledBack() {
    GuardState cleared =
        new GuardState(List.of(), List.of(), guard.spikes(), guard.rollbacks() + 1);
    return new RunState(
        schemaVersion,
        spent,
        windowsDrawn + spec.guard().skipBatches() * spec.batch().sequences(),
        skippedSteps,
        consecutiveSkips,
        cleared,
        environment,
        dataSha256,
        budget,
        spec);
  }

  /** The same run in another environment. */
  public RunState in(Environment other) {
    return new RunState(
        schemaVersion,
        spent,
        windowsDrawn,
        skippedSteps,
        consecutiveSkips,
        guard,
        other,
        dataSha256,
        budget,
        spec);
  }

  /**
   * Whether the step's auxiliary losses were those of each micro-batch by itself, as they were
   * before kernels had a number.
   */
  public boolean lossesOfMicroBatches() {
    boolean parts = spec.batch().microBatch() < spec.batch().sequences();
    boolean auxiliary = spec.loss().loadBalance() > 0 || spec.loss().z() > 0;
    return KernelVersion.hashed(environment.kernels()) && parts && auxiliary;
  }

  /** Steps so far. */
  public long step() {
    return spent.steps();
  }
}

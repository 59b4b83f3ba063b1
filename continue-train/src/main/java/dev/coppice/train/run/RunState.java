package dev.coppice.train.run;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.coppice.moe.kernel.TorchRuntime;
import dev.coppice.train.budget.Budget;
import dev.coppice.train.budget.Spent;

/**
 * Where a run stands after a step: {@code coppice-training/state.json} in each checkpoint. With the
 * weights and the moments beside it, this is all that resume needs.
 *
 * @param schemaVersion of this JSON object, 1
 * @param spent steps, tokens, FLOPs and seconds so far
 * @param windowsDrawn position in the order of the data
 * @param skippedSteps steps without an update so far
 * @param consecutiveSkips of those, the ones since the last update
 * @param threads that an operator may use; with other numbers of them sums round differently
 * @param dataSha256 fingerprint of the data
 * @param budget of the run
 * @param spec of the run
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
record RunState(
    int schemaVersion,
    Spent spent,
    long windowsDrawn,
    long skippedSteps,
    int consecutiveSkips,
    int threads,
    String dataSha256,
    Budget budget,
    TrainSpec spec) {

  /** The state before the first step. */
  static RunState before(RunManifest manifest) {
    return new RunState(
        1,
        Spent.NOTHING,
        0,
        0,
        0,
        TorchRuntime.threads(),
        manifest.data().sha256(),
        manifest.budget(),
        manifest.spec());
  }

  /** The state one step later. */
  RunState after(Spent nowSpent, boolean skipped) {
    return new RunState(
        schemaVersion,
        nowSpent,
        windowsDrawn + spec.batch().sequences(),
        skippedSteps + (skipped ? 1 : 0),
        skipped ? consecutiveSkips + 1 : 0,
        threads,
        dataSha256,
        budget,
        spec);
  }

  /** Steps so far. */
  long step() {
    return spent.steps();
  }
}

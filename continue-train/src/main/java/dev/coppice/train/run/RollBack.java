package dev.coppice.train.run;

import com.google.common.collect.ImmutableSortedMap;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.train.metrics.RunEvent;
import dev.coppice.train.spec.GuardSpec;
import dev.coppice.train.store.CheckpointFinder;
import dev.coppice.train.store.Retention;
import dev.coppice.train.store.RunState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Takes a run back to older weights and moments after a spike. Spent amounts are kept, and the
 * following batches are left out.
 *
 * <p><b>Source</b>: PaLM, arXiv 2204.02311, section 5.1.
 */
final class RollBack {
  private final RunSetting setting;

  RollBack(RunSetting setting) {
    this.setting = setting;
  }

  /**
   * Goes back to the newest whole checkpoint that is old enough, or to the start.
   *
   * @param parts whose state just met a spike
   * @param log receives the event
   * @throws CoppiceException with {@link ErrorKind#DIVERGED} when the run has gone back too often
   */
  void now(RunParts parts, RunLog log) throws IOException {
    RunState state = parts.runner().state();
    GuardSpec guard = state.spec().guard();
    if (state.guard().rollbacks() >= guard.maxRollbacks()) {
      throw new CoppiceException(
          ErrorKind.DIVERGED,
          "loss must stay calm after "
              + guard.maxRollbacks()
              + " roll backs, got another spike (step "
              + state.step()
              + ")");
    }
    Retention retention = new Retention(state.spec().save(), guard);
    Optional<CheckpointFinder.Found> target =
        new CheckpointFinder(
                setting.folder(), true, text -> log.warn(RunEvent.QUARANTINED, text, NO_VALUES))
            .newest(step -> retention.mayGoBack(state.step(), step));
    long step = target.map(found -> found.state().step()).orElse(0L);
    Optional<Path> folder = target.map(CheckpointFinder.Found::folder);
    parts.close();
    setting.load(
        folder,
        (source, trainee) -> {
          StepRunner runner =
              new StepRunner(trainee, setting.batches(), parts.meter(), state.rolledBack());
          parts.exchange(trainee, runner);
          return runner;
        });
    parts.saver().restored(step);
    tell(state, step, log);
  }

  private static final ImmutableSortedMap<String, Double> NO_VALUES = ImmutableSortedMap.of();

  private static void tell(RunState state, long target, RunLog log) {
    log.warn(
        RunEvent.ROLLED_BACK,
        "weights go back to those of step "
            + target
            + ", and "
            + state.spec().guard().skipBatches()
            + " batches are left out",
        ImmutableSortedMap.of("to", (double) target));
  }
}

package dev.coppice.train.store;

import com.google.common.collect.ImmutableList;
import dev.coppice.train.spec.GuardSpec;
import dev.coppice.train.spec.SaveSpec;
import dev.coppice.train.spec.SpikePolicy;
import java.util.List;

/**
 * Which checkpoints a run keeps.
 *
 * <p>Those are the newest, those kept for good, and, where a spike rolls back, those that it may go
 * back to. A roll back must find the same however often the run was stopped, so it goes back to
 * multiples of one interval only: of the least multiple of the save interval that is not below
 * {@code rollbackSteps}.
 *
 * @param save how many are kept
 * @param guard how far a roll back goes
 */
public record Retention(SaveSpec save, GuardSpec guard) {

  /** Those of some steps, newest first, that go. */
  public ImmutableList<Long> surplus(List<Long> newestFirst) {
    ImmutableList.Builder<Long> surplus = ImmutableList.builder();
    for (int i = save.keepLast(); i < newestFirst.size(); i++) {
      long step = newestFirst.get(i);
      boolean forGood = save.keepEvery() > 0 && step % save.keepEvery() == 0;
      if (!forGood && !needed(step, newestFirst.get(0))) {
        surplus.add(step);
      }
    }
    return surplus.build();
  }

  private boolean needed(long step, long newest) {
    long oldest = Math.max(0, newest - guard.rollbackSteps()) / interval() * interval();
    return guard.policy() == SpikePolicy.ROLLBACK && step % interval() == 0 && step >= oldest;
  }

  /** Whether a roll back from a step may go back to another. */
  public boolean mayGoBack(long from, long to) {
    return to % interval() == 0 && to <= from - guard.rollbackSteps();
  }

  private long interval() {
    return save.everySteps()
        * Math.max(1, (guard.rollbackSteps() + save.everySteps() - 1) / save.everySteps());
  }
}

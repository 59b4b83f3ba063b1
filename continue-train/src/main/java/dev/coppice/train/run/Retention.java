package dev.coppice.train.run;

import com.google.common.collect.ImmutableList;
import java.util.List;

/**
 * Which checkpoints a run keeps.
 *
 * <p>Those are the newest, those kept for good, and, where a spike rolls back, some that are old
 * enough: they lie at least {@code rollbackSteps} apart, and the newest of them that is as old as a
 * roll back from now on needs is the oldest that is kept.
 *
 * @param save how many are kept
 * @param guard how far a roll back goes
 */
record Retention(SaveSpec save, GuardSpec guard) {

  /** Those of some steps, newest first, that go. */
  ImmutableList<Long> surplus(List<Long> newestFirst) {
    ImmutableList<Long> anchors = anchors(ImmutableList.copyOf(newestFirst).reverse());
    ImmutableList.Builder<Long> surplus = ImmutableList.builder();
    for (int i = save.keepLast(); i < newestFirst.size(); i++) {
      long step = newestFirst.get(i);
      boolean forGood = save.keepEvery() > 0 && step % save.keepEvery() == 0;
      if (!forGood && !anchors.contains(step)) {
        surplus.add(step);
      }
    }
    return surplus.build();
  }

  private ImmutableList<Long> anchors(List<Long> oldestFirst) {
    if (guard.policy() != SpikePolicy.ROLLBACK || oldestFirst.isEmpty()) {
      return ImmutableList.of();
    }
    long newest = oldestFirst.get(oldestFirst.size() - 1);
    ImmutableList.Builder<Long> apart = ImmutableList.builder();
    long last = Long.MIN_VALUE / 2;
    for (long step : oldestFirst) {
      if (step - last >= guard.rollbackSteps()) {
        apart.add(step);
        last = step;
      }
    }
    ImmutableList<Long> all = apart.build();
    long needed =
        all.stream()
            .filter(step -> step <= newest - guard.rollbackSteps())
            .reduce(Long::max)
            .orElse(0L);
    return all.stream().filter(step -> step >= needed).collect(ImmutableList.toImmutableList());
  }
}

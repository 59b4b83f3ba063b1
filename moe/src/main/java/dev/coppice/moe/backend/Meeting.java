package dev.coppice.moe.backend;

import com.google.common.base.Throwables;
import java.util.concurrent.Callable;
import java.util.concurrent.Phaser;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Where threads wait for one another; when one fails, none waits any more. */
public final class Meeting {
  private final Phaser phaser;
  private final Patience patience;
  private final AtomicReference<@Nullable Throwable> fault = new AtomicReference<>();

  /** A meeting of so many threads, which wait by that rule. */
  Meeting(int members, Patience patience) {
    this.phaser = new Phaser(members);
    this.patience = patience;
  }

  /**
   * Waits until all are here.
   *
   * @throws RuntimeException what another threw, if one did
   */
  public void await() {
    await(() -> false);
  }

  /**
   * The same, doing something else meanwhile, again and again until there is nothing left to do.
   *
   * @param meanwhile does some of it; false where nothing was left
   * @throws RuntimeException what another threw, if one did
   */
  public void await(BooleanSupplier meanwhile) {
    int phase = phaser.arrive();
    boolean busy = true;
    Patience.Wait wait = patience.begin();
    while (phase >= 0 && phaser.getPhase() == phase) {
      busy = busy && meanwhile.getAsBoolean();
      if (busy) {
        wait.restart();
      } else if (!wait.stayAwake()) {
        phaser.awaitAdvance(phase);
      }
    }
    if (phaser.isTerminated()) {
      Throwable cause = fault.get();
      if (cause != null) {
        Throwables.throwIfUnchecked(cause);
      }
      throw new IllegalStateException("a meeting must not be over before all have gone", cause);
    }
  }

  /** One member's task; if it throws, the others' next {@link #await} throws the same. */
  public <T> Callable<T> task(Callable<T> task) {
    return () -> {
      try {
        return task.call();
      } catch (Throwable e) {
        fault.compareAndSet(null, e);
        phaser.forceTermination();
        throw e;
      }
    };
  }
}

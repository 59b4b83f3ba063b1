package dev.coppice.moe.backend;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How long a thread that waits for another keeps its core before it sleeps.
 *
 * <p>On an idle machine it keeps it: a virtual machine may take back a core that sleeps, and return
 * it late, which costs more than a wait between two kernels lasts. On a loaded one it does not: the
 * thread that it waits for may want that very core. The load shows in the waiting itself, where a
 * thread that offers its core does not get it back at once.
 */
final class Patience {
  /** A wait on an idle machine, before the thread sleeps after all. */
  private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /** A wait on a loaded machine, and on any before the thread begins to offer its core. */
  private static final long SHORT_NANOS = TimeUnit.MICROSECONDS.toNanos(20);

  /** Longer than a yield takes on a core without other work. */
  private static final long TAKEN_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

  /** Waits that are short after a core was taken; then the machine is tried again. */
  private static final int SHORT_WAITS = 64;

  private final AtomicInteger shortWaits = new AtomicInteger();

  /** One thread's wait; it begins when it is made. */
  final class Wait {
    private final long most = shortWaits.get() > 0 ? SHORT_NANOS : IDLE_NANOS;
    private long start = System.nanoTime();

    /** The thread has done something useful, and the wait begins again. */
    void restart() {
      start = System.nanoTime();
    }

    /** Waits a moment; false where the thread is to sleep. */
    @SuppressWarnings("ThreadPriorityCheck") // to offer the core is the point: it shows the load
    boolean stayAwake() {
      long now = System.nanoTime();
      if (now - start > most) {
        shortWaits.updateAndGet(left -> Math.max(0, left - 1));
        return false;
      }
      if (now - start < SHORT_NANOS) {
        Thread.onSpinWait();
        return true;
      }
      Thread.yield();
      return !taken(System.nanoTime() - now);
    }
  }

  /** Whether an offer of so long means that another thread had the core. */
  boolean taken(long nanos) {
    if (nanos > TAKEN_NANOS) {
      shortWaits.set(SHORT_WAITS);
      return true;
    }
    return false;
  }

  /** Whether waits are short for now. */
  boolean loaded() {
    return shortWaits.get() > 0;
  }

  Wait begin() {
    return new Wait();
  }
}

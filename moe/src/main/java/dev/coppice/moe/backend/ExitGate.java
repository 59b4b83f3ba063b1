package dev.coppice.moe.backend;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets no kernel run while the process ends: the engine's library is torn down then, and an
 * operator that still ran would crash the process instead.
 *
 * <p>The end waits for calls under way, but not for long; calls that come later wait for good.
 */
final class ExitGate {
  private static final Logger LOG = LoggerFactory.getLogger(ExitGate.class);
  private static final long MOST_SECONDS = 5;

  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

  private ExitGate() {}

  /** A gate that shuts when the process ends. */
  static ExitGate make() {
    ExitGate gate = new ExitGate();
    Runtime.getRuntime().addShutdownHook(new Thread(gate::shut, "coppice-exit"));
    return gate;
  }

  private void shut() {
    try {
      // once it is held it is never let go
      boolean empty = lock.writeLock().tryLock(MOST_SECONDS, TimeUnit.SECONDS);
      LOG.debug("the process ends, {} a kernel running", empty ? "without" : "with");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  <T> T through(Supplier<T> call) {
    lock.readLock().lock();
    try {
      return call.get();
    } finally {
      lock.readLock().unlock();
    }
  }
}

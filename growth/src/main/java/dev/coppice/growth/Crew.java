package dev.coppice.growth;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Threads that work on one job together: the first failure stops all.
 *
 * <p>They are stopped by a flag, never by interruption, which would close the files of others.
 */
public final class Crew implements Closeable {
  private static final long TICK_MILLIS = 100;

  private final ExecutorService threads;
  private final List<Future<?>> tasks = new ArrayList<>();
  private volatile boolean stopped;

  /** A crew of so many threads. */
  public Crew(int size) {
    threads = Executors.newFixedThreadPool(size);
  }

  /** Gives the crew a task; tasks begin in this order. */
  public void start(Callable<?> task) {
    tasks.add(
        threads.submit(
            () -> {
              try {
                return stopped ? null : task.call();
              } catch (Throwable e) {
                stopped = true;
                throw e;
              }
            }));
  }

  /** Whether tasks are to end early. */
  boolean stopped() {
    return stopped;
  }

  /**
   * Waits for all tasks.
   *
   * @param tick called several times a second
   * @throws IOException what the first task that failed threw
   */
  public void await(Runnable tick) throws IOException {
    for (Future<?> task : tasks) {
      while (!isDone(task)) {
        tick.run();
      }
    }
    tick.run();
  }

  private boolean isDone(Future<?> task) throws IOException {
    try {
      task.get(TICK_MILLIS, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for threads", e);
    } catch (ExecutionException e) {
      throw unwrapped(e);
    }
  }

  private static IOException unwrapped(ExecutionException e) {
    Throwable cause = e.getCause();
    if (cause instanceof IOException io) {
      return io;
    }
    if (cause instanceof RuntimeException runtime) {
      throw runtime;
    }
    if (cause instanceof Error error) {
      throw error;
    }
    return new IOException("a thread failed", cause);
  }

  /** Stops the tasks that are left, and waits until no thread works any more. */
  @Override
  public void close() {
    stopped = true;
    threads.shutdown();
    boolean interrupted = false;
    while (true) {
      try {
        if (threads.awaitTermination(1, TimeUnit.HOURS)) {
          break;
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}

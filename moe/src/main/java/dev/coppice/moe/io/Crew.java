package dev.coppice.moe.io;

import com.google.common.base.Throwables;
import com.google.common.util.concurrent.ThreadFactoryBuilder;
import com.google.common.util.concurrent.Uninterruptibles;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Threads that work on one job together: the first failure stops all.
 *
 * <p>They are stopped by a flag, never by interruption, which would close the files of others.
 */
public final class Crew implements Closeable {
  private static final long TICK_MILLIS = 100;

  private final ExecutorService threads;
  private final List<Task<?>> tasks = new ArrayList<>();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private volatile boolean stopped;

  /**
   * A crew.
   *
   * @param name of its threads; a number is put behind
   * @param size number of threads
   */
  public Crew(String name, int size) {
    threads =
        Executors.newFixedThreadPool(
            size, new ThreadFactoryBuilder().setDaemon(true).setNameFormat(name + "-%d").build());
  }

  /** Something that the crew was given to do. */
  public final class Task<T> {
    private final Future<T> future;

    private Task(Future<T> future) {
      this.future = future;
    }

    /**
     * Waits for the result.
     *
     * @throws IOException thrown by the first task of the crew that failed
     */
    public T result() throws IOException {
      try {
        return Uninterruptibles.getUninterruptibly(future);
      } catch (ExecutionException e) {
        throw firstFailure(e);
      }
    }

    private boolean isDone() throws IOException {
      try {
        future.get(TICK_MILLIS, TimeUnit.MILLISECONDS);
        return true;
      } catch (TimeoutException e) {
        return false;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while waiting for threads", e);
      } catch (ExecutionException e) {
        throw firstFailure(e);
      }
    }
  }

  /** Gives the crew a task, for which {@link #await} waits; tasks begin in this order. */
  public void start(Callable<?> task) {
    tasks.add(call(task));
  }

  /**
   * Gives the crew a task whose result is asked for; tasks begin in this order.
   *
   * @param task not waited for by {@link #await}
   */
  public <T> Task<T> call(Callable<T> task) {
    return new Task<>(threads.submit(() -> watched(task)));
  }

  private <T> T watched(Callable<T> task) throws Exception {
    if (stopped) {
      throw new CancellationException("the crew has stopped");
    }
    try {
      return task.call();
    } catch (Throwable e) {
      failure.compareAndSet(null, e);
      stopped = true;
      throw e;
    }
  }

  /** Whether tasks are to end early. */
  public boolean stopped() {
    return stopped;
  }

  /**
   * Waits for all tasks that were started.
   *
   * @param tick called several times a second
   * @throws IOException thrown by the first task that failed
   */
  public void await(Runnable tick) throws IOException {
    for (Task<?> task : tasks) {
      while (!task.isDone()) {
        tick.run();
      }
    }
    tick.run();
  }

  private IOException firstFailure(ExecutionException e) {
    Throwable cause = Objects.requireNonNullElse(failure.get(), e);
    Throwables.throwIfInstanceOf(cause, RuntimeException.class);
    Throwables.throwIfInstanceOf(cause, Error.class);
    return cause instanceof IOException io ? io : new IOException("a thread failed", cause);
  }

  /** Stops the tasks that are left, and waits until no thread works any more. */
  @Override
  public void close() {
    stopped = true;
    threads.shutdown();
    Uninterruptibles.awaitTerminationUninterruptibly(threads);
  }
}

package dev.coppice.moe.backend;

import ai.djl.pytorch.jni.JniUtils;
import com.google.common.base.Throwables;
import com.google.common.util.concurrent.ThreadFactoryBuilder;
import com.google.common.util.concurrent.Uninterruptibles;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Threads that run a batch together, each with a share of its sequences.
 *
 * <p>Operators of a small model are too short to be worth splitting: threads would wait for one
 * another after each. So each has operators of its own, which use few threads.
 */
public final class Workers implements AutoCloseable {
  private final int engineThreads;
  private final int most;
  private final Patience patience = new Patience();
  // as many threads as the largest team so far: each more keeps a heap of its own
  private final ThreadPoolExecutor pool =
      new ThreadPoolExecutor(
          1,
          1,
          0,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          new ThreadFactoryBuilder().setNameFormat("coppice-share-%d").setDaemon(true).build());
  private final ThreadLocal<Integer> ownThreads = ThreadLocal.withInitial(() -> 0);
  private volatile int lastAlone;

  /**
   * Threads, none of which runs yet.
   *
   * @param engineThreads that an operator uses outside of {@link #run} and {@link #alone}
   * @param most shares of a batch
   */
  Workers(int engineThreads, int most) {
    this.engineThreads = engineThreads;
    this.most = most;
  }

  /** Into how many shares a batch is split; it depends on nothing but the number of threads. */
  public int shares(int threads, int batch) {
    return Math.min(Math.min(most, threads), batch);
  }

  /** A meeting of members that run here. */
  public Meeting meeting(int members) {
    return new Meeting(members, patience);
  }

  /**
   * Runs tasks at the same time; one alone runs on the caller's thread.
   *
   * @param threads that all of them use together
   * @return results in the tasks' order, once all have ended
   */
  public <T> List<T> run(int threads, List<? extends Callable<T>> tasks) {
    if (tasks.size() == 1) {
      return List.of(alone(threads, tasks.get(0)));
    }
    makeRoomFor(tasks.size());
    int each = Math.max(1, threads / tasks.size());
    List<Future<T>> running = new ArrayList<>();
    for (Callable<T> task : tasks) {
      running.add(
          pool.submit(
              () -> {
                useThreads(each);
                return task.call();
              }));
    }
    // all must have ended before anyone closes what they use
    List<Outcome<T>> outcomes = running.stream().map(Workers::await).toList();
    // threads that are made later start with what was set last
    JniUtils.setNumThreads(engineThreads);
    return outcomes.stream().map(Outcome::get).toList();
  }

  private synchronized void makeRoomFor(int members) {
    if (members > pool.getCorePoolSize()) {
      pool.setMaximumPoolSize(members);
      pool.setCorePoolSize(members);
    }
  }

  /** Threads that the last task on a caller's thread used; 0 before the first. */
  public int lastAlone() {
    return lastAlone;
  }

  /** Runs a task on the caller's thread, with operators of so many threads. */
  public <T> T alone(int threads, Callable<T> task) {
    lastAlone = threads;
    JniUtils.setNumThreads(threads);
    try {
      return call(task);
    } finally {
      JniUtils.setNumThreads(engineThreads);
    }
  }

  /** The result of a task, or its failure. */
  private record Outcome<T>(Optional<T> result, Optional<Throwable> fault) {
    T get() {
      fault.ifPresent(
          cause -> {
            Throwables.throwIfUnchecked(cause);
            throw new IllegalStateException("a share's task must not throw checked", cause);
          });
      return result.orElseThrow();
    }
  }

  private static <T> Outcome<T> await(Future<T> future) {
    try {
      return new Outcome<>(
          Optional.of(Uninterruptibles.getUninterruptibly(future)), Optional.empty());
    } catch (ExecutionException e) {
      return new Outcome<>(Optional.empty(), Optional.ofNullable(e.getCause()));
    }
  }

  private void useThreads(int count) {
    if (ownThreads.get() != count) {
      JniUtils.setNumThreads(count);
      ownThreads.set(count);
    }
  }

  private static <T> T call(Callable<T> task) {
    try {
      return task.call();
    } catch (Exception e) {
      Throwables.throwIfUnchecked(e);
      throw new IllegalStateException("a share's task must not throw checked", e);
    }
  }

  @Override
  public void close() {
    pool.shutdown();
  }
}

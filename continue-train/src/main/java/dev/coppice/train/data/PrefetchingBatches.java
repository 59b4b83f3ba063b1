package dev.coppice.train.data;

import com.google.common.util.concurrent.ThreadFactoryBuilder;
import com.google.common.util.concurrent.Uninterruptibles;
import dev.coppice.moe.model.TokenBatch;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The same batches as a source's, of which the next is drawn while the last is used.
 *
 * <p>The batch after {@code batch(c, n)} is taken to be {@code batch(c + n, n)}; another is drawn
 * when it is asked for. One batch lies ahead, drawn by a thread of its own.
 */
public final class PrefetchingBatches implements BatchSource, AutoCloseable {
  private final BatchSource source;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          new ThreadFactoryBuilder().setDaemon(true).setNameFormat("batches").build());

  private Optional<Ahead> ahead = Optional.empty();

  /**
   * A source that draws ahead.
   *
   * @param source of the batches; thread-safe
   */
  public PrefetchingBatches(BatchSource source) {
    this.source = source;
  }

  private record Ahead(long counter, int count, Future<TokenBatch> batch) {}

  @Override
  public long windowsPerPass() {
    return source.windowsPerPass();
  }

  @Override
  public synchronized TokenBatch batch(long counter, int count) {
    Optional<Ahead> ready = ahead.filter(a -> a.counter() == counter && a.count() == count);
    TokenBatch batch =
        ready.isPresent() ? drawn(ready.get().batch(), counter, count) : source.batch(counter, count);
    long next = counter + count;
    ahead = Optional.of(new Ahead(next, count, thread.submit(() -> source.batch(next, count))));
    return batch;
  }

  /** What went wrong ahead goes wrong again here, where it is seen. */
  private TokenBatch drawn(Future<TokenBatch> future, long counter, int count) {
    try {
      return Uninterruptibles.getUninterruptibly(future);
    } catch (ExecutionException e) {
      return source.batch(counter, count);
    }
  }

  /** Stops the thread and waits for it. */
  @Override
  public void close() {
    thread.shutdownNow();
    Uninterruptibles.awaitTerminationUninterruptibly(thread);
  }
}

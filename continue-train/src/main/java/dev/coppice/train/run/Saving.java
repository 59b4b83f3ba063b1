package dev.coppice.train.run;

import com.google.common.collect.ImmutableSortedMap;
import com.google.common.util.concurrent.ThreadFactoryBuilder;
import com.google.common.util.concurrent.Uninterruptibles;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.train.ModelState;
import dev.coppice.train.metrics.RunEvent;
import dev.coppice.train.spec.SaveSpec;
import dev.coppice.train.store.CheckpointSaver;
import dev.coppice.train.store.RunFolder;
import dev.coppice.train.store.RunState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When a run saves, and what becomes of it: at once, or from a copy while training continues.
 *
 * <p>One save is under way at a time. One that fails is an event, and the next interval tries
 * again; only the last one of a run must not fail. Used from the thread that trains.
 */
final class Saving implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Saving.class);

  private final CheckpointSaver saver;
  private final SaveSpec spec;
  private final LongSupplier nanoTime;
  private final ExecutorService writer =
      Executors.newSingleThreadExecutor(
          new ThreadFactoryBuilder().setDaemon(true).setNameFormat("coppice save").build());
  private Optional<InFlight> inFlight = Optional.empty();
  private Optional<Path> newest;
  private Optional<IOException> failure = Optional.empty();
  private long lastTry;

  /** A save that another thread is at. */
  private record InFlight(long step, Future<Path> folder) {}

  /**
   * The saving of a run.
   *
   * @param saver that writes
   * @param spec when
   * @param newest checkpoint that is there
   * @param nanoTime a clock
   */
  Saving(CheckpointSaver saver, SaveSpec spec, Optional<Path> newest, LongSupplier nanoTime) {
    this.saver = saver;
    this.spec = spec;
    this.newest = newest;
    this.nanoTime = nanoTime;
    this.lastTry = nanoTime.getAsLong();
  }

  /** Whether a checkpoint is to be written after a step. */
  boolean due(long step) {
    double minutes = (nanoTime.getAsLong() - lastTry) / (double) TimeUnit.MINUTES.toNanos(1);
    return step % spec.everySteps() == 0
        || (spec.everyMinutes() > 0 && minutes >= spec.everyMinutes());
  }

  /** The newest checkpoint that is whole and on disk. */
  Optional<Path> newest() {
    return newest;
  }

  /** Whether a step's checkpoint is on disk. */
  boolean has(long step) {
    return newest.map(RunFolder::number).equals(Optional.of(step));
  }

  /**
   * Saves a state, or begins to; waits for the save before.
   *
   * @param parts what trains
   * @param log that is forced before the save, and receives its result
   * @param last whether to wait for the end
   */
  void save(RunParts parts, RunLog log, boolean last) {
    await(log);
    RunState state = parts.runner().state();
    if (has(state.step())) {
      return;
    }
    lastTry = nanoTime.getAsLong();
    try {
      // a checkpoint must never know of steps that the curve has lost
      log.force();
    } catch (IOException e) {
      failed(state.step(), e, log);
      return;
    }
    boolean copies = spec.asynchronous() && !last;
    ModelState trainee = copies ? parts.trainee().copy() : parts.trainee().now();
    FutureTask<Path> task = new FutureTask<>(() -> write(trainee, state));
    inFlight = Optional.of(new InFlight(state.step(), task));
    if (copies) {
      writer.execute(task);
    } else {
      task.run();
      await(log);
    }
  }

  private Path write(ModelState trainee, RunState state) throws IOException {
    try (trainee) {
      return saver.save(trainee, state);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } catch (CoppiceException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /** Takes note of a save that has ended, without waiting for it. */
  void look(RunLog log) {
    if (inFlight.isPresent() && inFlight.get().folder().isDone()) {
      await(log);
    }
  }

  /** Waits for the save that is under way, if one is. */
  void await(RunLog log) {
    if (inFlight.isEmpty()) {
      return;
    }
    InFlight save = inFlight.get();
    inFlight = Optional.empty();
    try {
      Path folder = save.folder().get();
      newest = Optional.of(folder);
      failure = Optional.empty();
      log.event(RunEvent.SAVED, folder.getFileName() + " is on disk", values(save.step()));
    } catch (ExecutionException e) {
      failed(save.step(), onFailure(e), log);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("a save must not be interrupted", e);
    }
  }

  /** Waits for it after another failure, which is the one to report. */
  void awaitQuietly(RunLog log) {
    try {
      await(log);
    } catch (IllegalStateException | OutOfMemoryError e) {
      LOG.warn("the save under way failed too: {}", e.toString());
    }
  }

  /** The failed writing; all else ends the run. */
  private static IOException onFailure(ExecutionException e) {
    if (e.getCause() instanceof IOException refused) {
      return refused;
    }
    if (e.getCause() instanceof Error error) {
      throw error;
    }
    throw new IllegalStateException("a save must not fail but by its disk, got " + e.getCause(), e);
  }

  private void failed(long step, IOException cause, RunLog log) {
    failure = Optional.of(cause);
    log.warn(
        RunEvent.SAVE_FAILED,
        "step " + step + " could not be saved, and the run continues: " + cause.getMessage(),
        values(step));
  }

  private static ImmutableSortedMap<String, Double> values(long step) {
    return ImmutableSortedMap.of("checkpoint", (double) step);
  }

  /**
   * Holds the run to its last save.
   *
   * @param step that must be on disk
   * @throws CoppiceException with {@link ErrorKind#RESOURCE} if it is not
   */
  void checkSaved(long step) {
    if (has(step)) {
      return;
    }
    String why = failure.map(IOException::getMessage).orElse("no reason");
    throw lost("step " + step + " must be saved at the end, got " + why);
  }

  /** The end of a run for want of disk or memory. */
  CoppiceException lost(String message) {
    return new CoppiceException(
        ErrorKind.RESOURCE,
        message
            + " ("
            + newest.map(path -> "newest whole checkpoint: " + path).orElse("no checkpoint")
            + ")",
        failure.orElse(null));
  }

  /** Waits for what is under way, whatever becomes of it. */
  @Override
  public void close() {
    writer.shutdown();
    Uninterruptibles.awaitTerminationUninterruptibly(writer);
  }
}

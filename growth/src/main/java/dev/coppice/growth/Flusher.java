package dev.coppice.growth;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.coppice.moe.io.Crew;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongSupplier;

/**
 * A thread that sends written bytes on to the disk while more are being written, so that little is
 * left to wait for at the end.
 *
 * <p>It makes nothing durable that anyone relies on: each file is forced by its writer when it is
 * whole, and a failure here is left for that to find.
 */
final class Flusher implements Closeable {
  private static final long STEP = 256L << 20;
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final List<Path> files = new CopyOnWriteArrayList<>();
  private final LongSupplier written;
  private final Crew thread = new Crew("flush", 1);
  private volatile boolean closed;

  /**
   * Starts the thread.
   *
   * @param written bytes written so far
   */
  Flusher(LongSupplier written) {
    this.written = written;
    thread.start(this::run);
  }

  /** Adds a file that exists. */
  void watch(Path file) {
    files.add(file);
  }

  private Integer run() {
    long flushed = 0;
    while (!closed) {
      long now = written.getAsLong();
      if (now - flushed >= STEP) {
        files.forEach(this::flush);
        flushed = now;
      }
      Uninterruptibles.sleepUninterruptibly(PAUSE);
    }
    return files.size();
  }

  private void flush(Path file) {
    if (closed) {
      return;
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(false);
    } catch (IOException e) {
      files.remove(file);
    }
  }

  /** Ends the thread. */
  @Override
  public void close() {
    closed = true;
    thread.close();
  }
}

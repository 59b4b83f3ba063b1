package dev.coppice.moe.cli;

import static com.google.common.base.Preconditions.checkArgument;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * One line with a job's progress and expected end.
 *
 * <p>On a terminal the line is redrawn in place a few times a second; elsewhere a new line is
 * printed every few seconds. Not thread-safe: one thread reports.
 */
public final class ProgressLine implements AutoCloseable {
  private static final Duration REDRAW = Duration.ofMillis(200);
  private static final Duration PRINT = Duration.ofSeconds(5);

  private final PrintStream out;
  private final boolean terminal;
  private final LongSupplier nanoTime;
  private final String title;
  private final double total;
  private final long started;
  private long lastShown;
  private int lastWidth;

  /**
   * Starts a line on standard error.
   *
   * @param title what is being done
   * @param total amount of work, in any unit; positive
   * @param quiet whether nothing is to be shown
   */
  public static ProgressLine start(String title, double total, boolean quiet) {
    PrintStream out = quiet ? new PrintStream(PrintStream.nullOutputStream()) : System.err;
    return new ProgressLine(
        out, Boolean.getBoolean("coppice.terminal"), System::nanoTime, title, total);
  }

  ProgressLine(
      PrintStream out, boolean terminal, LongSupplier nanoTime, String title, double total) {
    checkArgument(total > 0, "total work must be positive, got %s", total);
    this.out = out;
    this.terminal = terminal;
    this.nanoTime = nanoTime;
    this.title = title;
    this.total = total;
    this.started = nanoTime.getAsLong();
    this.lastShown = started - PRINT.toNanos();
  }

  /**
   * Reports how much is done; shows it if the last line is old enough.
   *
   * @param done work done so far, in the unit of the total
   * @param detail what else to say, such as a rate or a loss
   */
  public void update(double done, String detail) {
    long now = nanoTime.getAsLong();
    if (now - lastShown >= (terminal ? REDRAW : PRINT).toNanos()) {
      lastShown = now;
      show(line(done, detail, now));
    }
  }

  /**
   * Prints a last line and ends it.
   *
   * @param detail what to say of the whole job
   */
  public void finish(String detail) {
    long now = nanoTime.getAsLong();
    show(String.format(Locale.ROOT, "%s: done in %s  %s", title, clock(now - started), detail));
    close();
  }

  @Override
  public void close() {
    if (terminal && lastWidth > 0) {
      out.println();
      lastWidth = 0;
    }
    out.flush();
  }

  private String line(double done, String detail, long now) {
    double share = Math.min(1, done / total);
    long elapsed = now - started;
    String eta = share > 0 ? clock((long) (elapsed * (1 - share) / share)) : "--:--";
    return String.format(Locale.ROOT, "%s: %5.1f%%  ETA %s  %s", title, 100 * share, eta, detail);
  }

  private void show(String line) {
    if (!terminal) {
      out.println(line);
      return;
    }
    out.print("\r" + line + " ".repeat(Math.max(0, lastWidth - line.length())));
    out.flush();
    lastWidth = line.length();
  }

  private static String clock(long nanos) {
    long seconds = Math.max(0, nanos / 1_000_000_000L);
    if (seconds >= 3600) {
      return String.format(
          Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    return String.format(Locale.ROOT, "%02d:%02d", seconds / 60, seconds % 60);
  }
}

package dev.coppice.growth.cli;

import dev.coppice.growth.GrowthProgress;
import dev.coppice.moe.cli.ProgressLine;
import java.util.Optional;

/** Shows bytes done on a progress line; the line starts with the first report. */
final class ByteProgress implements GrowthProgress, AutoCloseable {
  private final String title;
  private final boolean quiet;
  private final long started = System.nanoTime();
  private Optional<ProgressLine> line = Optional.empty();

  ByteProgress(String title, boolean quiet) {
    this.title = title;
    this.quiet = quiet;
  }

  @Override
  public void update(long done, long total) {
    if (line.isEmpty()) {
      line = Optional.of(ProgressLine.start(title, (double) Math.max(1, total), quiet));
    }
    double seconds = Math.max(1e-3, (System.nanoTime() - started) / 1e9);
    String detail =
        String.format(
            java.util.Locale.ROOT,
            "%s of %s, %s/s",
            ReportText.bytes(done),
            ReportText.bytes(total),
            ReportText.bytes((long) (done / seconds)));
    line.orElseThrow().update((double) done, detail);
  }

  @Override
  public void close() {
    line.ifPresent(ProgressLine::close);
  }
}

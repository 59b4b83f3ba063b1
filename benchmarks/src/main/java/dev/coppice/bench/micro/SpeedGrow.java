package dev.coppice.bench.micro;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import com.google.common.math.Quantiles;
import dev.coppice.growth.GrowthExecutor;
import dev.coppice.growth.GrowthProgress;
import dev.coppice.growth.GrowthRequest;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.checkpoint.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * How fast a checkpoint grows on this machine, beside a plain copy of the same output.
 *
 * <p>Each repeat grows the checkpoint, then copies what was grown, file by file and made durable,
 * then deletes both; growths and copies alternate, so that neither has the machine to itself. Times
 * are medians; they include hashing the source and making the output durable, not the start of the
 * Java runtime.
 */
public final class SpeedGrow {
  private SpeedGrow() {}

  /**
   * One growth and its copy.
   *
   * @param name {@code depth} or {@code width}
   * @param bytes bytes of all files written
   * @param seconds of growing, one a repeat
   * @param copySeconds of copying the output, one a repeat
   * @param peakResidentBytes largest resident memory of the process while growing, over all
   *     repeats; 0 where the system gives none
   */
  public record Arm(
      String name,
      long bytes,
      ImmutableList<Double> seconds,
      ImmutableList<Double> copySeconds,
      long peakResidentBytes) {
    /** Median of growing. */
    public double medianSeconds() {
      return Quantiles.median().compute(seconds);
    }

    /** Median of copying. */
    public double medianCopySeconds() {
      return Quantiles.median().compute(copySeconds);
    }

    /** Median growth over median copy. */
    public double ratio() {
      return medianSeconds() / medianCopySeconds();
    }

    /** Bytes written a second, at the median. */
    public double bytesPerSecond() {
      return bytes / medianSeconds();
    }
  }

  /**
   * Measures depth ×2 by interposition, and width ×2 with noise 0.01.
   *
   * @param checkpoint what grows
   * @param work an existing folder on the disk to be measured; room for two outputs
   * @param repeats times each is done, at least 1
   * @param log receives a line for each repeat
   */
  public static ImmutableList<Arm> measure(
      Path checkpoint, Path work, int repeats, Consumer<String> log) throws IOException {
    checkArgument(repeats > 0, "repeats must be positive, got %s", repeats);
    List<Series> series =
        List.of(
            new Series("depth", Interpose.times(2)),
            new Series("width", DuplicateExperts.times(2, 0.01)));
    Path folder = Files.createTempDirectory(work, "coppice-speed-grow-");
    try (Checkpoint source = Checkpoint.open(checkpoint)) {
      for (int repeat = 0; repeat < repeats; repeat++) {
        for (Series one : series) {
          log.accept(one.repeat(source, folder));
        }
      }
    } finally {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }
    return series.stream().map(Series::arm).collect(ImmutableList.toImmutableList());
  }

  /** The command {@code grow} of {@code coppice bench speed}. */
  public static Object command() {
    return new SpeedGrowCommand();
  }

  /** Times of one growth so far. */
  private static final class Series {
    private final String name;
    private final GrowthOperator operator;
    private final List<Double> seconds = new ArrayList<>();
    private final List<Double> copySeconds = new ArrayList<>();
    private long bytes;
    private long peak;

    Series(String name, GrowthOperator operator) {
      this.name = name;
      this.operator = operator;
    }

    String repeat(Checkpoint source, Path folder) throws IOException {
      Path grown = folder.resolve("grown");
      Path copy = folder.resolve("copy");
      ResidentMemory.resetPeak();
      long started = System.nanoTime();
      GrowthExecutor.run(source, GrowthRequest.of(operator, 0), grown, GrowthProgress.NONE);
      seconds.add(secondsSince(started));
      peak = Math.max(peak, ResidentMemory.peak());
      started = System.nanoTime();
      bytes = PlainCopy.folder(grown, copy);
      copySeconds.add(secondsSince(started));
      MoreFiles.deleteRecursively(grown, RecursiveDeleteOption.ALLOW_INSECURE);
      MoreFiles.deleteRecursively(copy, RecursiveDeleteOption.ALLOW_INSECURE);
      return String.format(
          Locale.ROOT,
          "%s: grown in %.2f s, copied in %.2f s",
          name,
          seconds.get(seconds.size() - 1),
          copySeconds.get(copySeconds.size() - 1));
    }

    Arm arm() {
      return new Arm(
          name, bytes, ImmutableList.copyOf(seconds), ImmutableList.copyOf(copySeconds), peak);
    }

    private static double secondsSince(long started) {
      return (System.nanoTime() - started) / 1e9;
    }
  }
}

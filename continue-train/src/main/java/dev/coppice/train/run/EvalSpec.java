package dev.coppice.train.run;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * How a model is judged.
 *
 * @param batch windows at once; changes no result but for rounding
 * @param sequence tokens a window, S
 * @param maxWindows judge by the first so many windows; {@link Long#MAX_VALUE} for all
 * @param resamples of the bootstrap
 * @param seed of the bootstrap
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record EvalSpec(int batch, int sequence, long maxWindows, int resamples, long seed) {
  /** Checks signs. */
  public EvalSpec {
    checkArgument(batch > 0, "batch must be positive, got %s", batch);
    checkArgument(sequence > 0, "sequence must be positive, got %s", sequence);
    checkArgument(maxWindows > 0, "windows must be positive, got %s", maxWindows);
    checkArgument(resamples > 0, "resamples must be positive, got %s", resamples);
  }

  /**
   * All windows, 1000 resamples, seed 0.
   *
   * @param batch windows at once
   * @param sequence tokens a window
   */
  public static EvalSpec all(int batch, int sequence) {
    return new EvalSpec(batch, sequence, Long.MAX_VALUE, 1000, 0);
  }

  /**
   * The same with fewer windows.
   *
   * @param windows the first so many
   */
  public EvalSpec withMaxWindows(long windows) {
    return new EvalSpec(batch, sequence, windows, resamples, seed);
  }
}

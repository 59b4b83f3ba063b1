package dev.coppice.train.eval;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * How a model is evaluated.
 *
 * @param batch windows at once; changes no result but for rounding
 * @param sequence tokens a window, S
 * @param maxWindows number of first windows that are read; {@link Long#MAX_VALUE} for all
 * @param documentMask whether documents in a window do not see one another
 * @param resamples of the bootstrap
 * @param seed of the bootstrap
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record EvalSpec(
    int batch, int sequence, long maxWindows, boolean documentMask, int resamples, long seed) {
  /** Checks signs. */
  public EvalSpec {
    checkArgument(batch > 0, "batch must be positive, got %s", batch);
    checkArgument(sequence > 0, "sequence must be positive, got %s", sequence);
    checkArgument(maxWindows > 0, "windows must be positive, got %s", maxWindows);
    checkArgument(resamples > 0, "resamples must be positive, got %s", resamples);
  }

  /**
   * With a document mask, as runs train by default; all windows, 1000 resamples, seed 0.
   *
   * @param batch windows at once
   * @param sequence tokens a window
   */
  public static EvalSpec all(int batch, int sequence) {
    return new EvalSpec(batch, sequence, Long.MAX_VALUE, true, 1000, 0);
  }

  /**
   * The same with other windows.
   *
   * @param tokens a window
   */
  public EvalSpec withSequence(int tokens) {
    return new EvalSpec(batch, tokens, maxWindows, documentMask, resamples, seed);
  }

  /**
   * The same with or without a document mask.
   *
   * @param masked whether documents in a window do not see one another
   */
  public EvalSpec withDocumentMask(boolean masked) {
    return new EvalSpec(batch, sequence, maxWindows, masked, resamples, seed);
  }
}

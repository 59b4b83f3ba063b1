package dev.coppice.train.data;

import static com.google.common.base.Preconditions.checkArgument;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.moe.model.TokenBatch;

/**
 * The order in which training draws windows: each pass over the data is another random order of all
 * whole windows, computed from the seed, so that one counter is the whole position.
 */
public final class BatchSource {
  private static final long PURPOSE = 0x5A4D504C45L;

  private final TokenWindows windows;
  private final long seed;

  /**
   * An order.
   *
   * @param data the tokens
   * @param sequence tokens a window, S
   * @param seed of the run
   * @throws CoppiceException when the data does not fill one window
   */
  public BatchSource(TokenFile data, int sequence, long seed) {
    this.windows = new TokenWindows(data, sequence);
    this.seed = seed;
    if (windows.whole() == 0) {
      throw new CoppiceException(
          ExitCode.INPUT_INVALID,
          "data must have at least "
              + (sequence + 1)
              + " tokens for one window, got "
              + data.tokenCount()
              + " ("
              + data.path()
              + ")");
    }
  }

  /** Windows in one pass. */
  public long windowsPerPass() {
    return windows.whole();
  }

  /**
   * The window that is drawn at a count.
   *
   * @param counter windows drawn before, over all passes
   */
  public long window(long counter) {
    checkArgument(counter >= 0, "window counter must be at least 0, got %s", counter);
    long pass = counter / windowsPerPass();
    long key = KeyedHash.of(seed, PURPOSE, pass);
    return new KeyedPermutation(windowsPerPass(), key).at(counter % windowsPerPass());
  }

  /**
   * The batch that is drawn at a count.
   *
   * @param counter windows drawn before, over all passes
   * @param batch windows to draw
   * @return ids and labels [B,S]
   */
  public TokenBatch batch(long counter, int batch) {
    long[] drawn = new long[batch];
    for (int i = 0; i < batch; i++) {
      drawn[i] = window(counter + i);
    }
    return windows.read(drawn);
  }
}

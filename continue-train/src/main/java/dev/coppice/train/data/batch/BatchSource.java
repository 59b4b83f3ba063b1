package dev.coppice.train.data.batch;

import dev.coppice.moe.model.TokenBatch;
import dev.coppice.train.data.token.TokenSequence;
import java.util.List;

/**
 * The order in which training draws windows: a function of the seed and a counter, so that the
 * counter is the whole position. Thread-safe.
 */
public interface BatchSource {
  /**
   * An order of the windows of some tokens, each seen whole.
   *
   * @param data the tokens
   * @param sequence tokens a window, S
   * @param seed of the run
   * @throws dev.coppice.moe.CoppiceException when the data does not fill one window
   */
  static BatchSource of(TokenSequence data, int sequence, long seed) {
    List<TokenWindows> windows = List.of(MixedBatches.windows(data, sequence, ""));
    return new MixedBatches(windows, Mixture.of(List.of(1.0)), seed, false);
  }

  /** Windows of all parts; each part's come once before any comes twice. */
  long windowsPerPass();

  /**
   * The batch that is drawn at a count.
   *
   * @param counter windows drawn before, over all passes
   * @param count windows to draw, B
   * @return ids and labels [B,S] of the windows {@code counter..counter+count-1} of the order
   */
  TokenBatch batch(long counter, int count);
}

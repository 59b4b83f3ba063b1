package dev.coppice.train.data.batch;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.random.KeyedHash;
import dev.coppice.moe.random.KeyedPermutation;
import dev.coppice.train.data.token.TokenSequence;
import java.util.List;

/**
 * Windows of several parts: the mixture says which part is next, and each part goes through its own
 * windows in one random order after another.
 */
public final class MixedBatches implements BatchSource {
  private static final long PURPOSE = 0x5A4D504C45L;

  private final ImmutableList<TokenWindows> parts;
  private final Mixture mixture;
  private final long seed;
  private final boolean documentMask;

  /**
   * An order.
   *
   * @param parts each with a whole window
   * @param mixture of them
   * @param seed of the run
   * @param documentMask whether documents in a window do not see one another
   */
  public MixedBatches(List<TokenWindows> parts, Mixture mixture, long seed, boolean documentMask) {
    this.parts = ImmutableList.copyOf(parts);
    this.mixture = mixture;
    this.seed = seed;
    this.documentMask = documentMask;
  }

  /** Windows over some tokens, of which at least one must be whole. */
  public static TokenWindows windows(TokenSequence data, int sequence, String name) {
    TokenWindows windows = new TokenWindows(data, sequence);
    if (windows.whole() == 0) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          "data must have at least "
              + (sequence + 1)
              + " tokens for one window, got "
              + data.tokenCount()
              + name);
    }
    return windows;
  }

  @Override
  public long windowsPerPass() {
    return parts.stream().mapToLong(TokenWindows::whole).sum();
  }

  @Override
  public TokenBatch batch(long counter, int count) {
    checkArgument(counter >= 0, "window counter must be at least 0, got %s", counter);
    BatchRows rows = new BatchRows(count, parts.get(0).sequence(), documentMask);
    for (int row = 0; row < count; row++) {
      Mixture.Draw draw = mixture.at(counter + row);
      parts.get(draw.part()).fill(window(draw), row, rows);
    }
    return rows.batch();
  }

  /** The window of its part that a draw takes. */
  private long window(Mixture.Draw draw) {
    long windows = parts.get(draw.part()).whole();
    long pass = draw.counter() / windows;
    // the first part of several is drawn as one alone would be
    long key =
        draw.part() == 0
            ? KeyedHash.of(seed, PURPOSE, pass)
            : KeyedHash.of(seed, PURPOSE, pass, draw.part());
    return new KeyedPermutation(windows, key).at(draw.counter() % windows);
  }
}

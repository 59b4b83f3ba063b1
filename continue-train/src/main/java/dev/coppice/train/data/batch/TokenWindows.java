package dev.coppice.train.data.batch;

import static com.google.common.base.Preconditions.checkArgument;

import dev.coppice.moe.model.TokenBatch;
import dev.coppice.train.data.token.TokenSequence;
import java.util.Arrays;

/**
 * Tokens cut into windows of S tokens that do not overlap.
 *
 * <p>Inputs of window w are the tokens w·S .. w·S+S−1, labels the tokens one further. A label is
 * ignored (-100) where it would be the first token of another document, which nothing foretells,
 * and beyond the end of the file.
 */
public final class TokenWindows {
  private final TokenSequence data;
  private final int sequence;

  /**
   * Windows over a file.
   *
   * @param data the tokens
   * @param sequence tokens a window, S; positive
   */
  public TokenWindows(TokenSequence data, int sequence) {
    checkArgument(sequence > 0, "sequence must be positive, got %s", sequence);
    this.data = data;
    this.sequence = sequence;
  }

  /** Windows whose every input has a next token. */
  public long whole() {
    return (data.tokenCount() - 1) / sequence;
  }

  /** Windows that cover the file, the last of which may end early. */
  public long covering() {
    return (data.tokenCount() - 1 + sequence - 1) / sequence;
  }

  /** Tokens a window, S. */
  public int sequence() {
    return sequence;
  }

  /**
   * Index in the file of a window's first token.
   *
   * @param window number of the window
   */
  public long start(long window) {
    return window * sequence;
  }

  /**
   * Some windows as one batch.
   *
   * @param windows numbers of the windows, each below {@link #covering}
   * @param documentMask whether documents in a window do not see one another
   * @return ids and labels [B,S]; beyond the end of the file id 0 and label -100
   */
  public TokenBatch read(long[] windows, boolean documentMask) {
    BatchRows rows = new BatchRows(windows.length, sequence, documentMask);
    for (int row = 0; row < windows.length; row++) {
      fill(windows[row], row, rows);
    }
    return rows.batch();
  }

  /**
   * A window that may end early, by itself and no longer than its tokens.
   *
   * @param window number of the window, below {@link #covering}
   * @param documentMask whether documents in it do not see one another
   * @return ids and labels [1,s], s at most S
   */
  public TokenBatch readAlone(long window, boolean documentMask) {
    int length = (int) Math.min(sequence, data.tokenCount() - start(window));
    BatchRows rows = new BatchRows(1, length, documentMask);
    fill(window, 0, rows);
    return rows.batch();
  }

  /** Writes a window into a row. */
  public void fill(long window, int row, BatchRows rows) {
    long start = start(window);
    checkArgument(
        window >= 0 && window < covering(),
        "window must lie in 0..%s, got %s",
        covering() - 1,
        window);
    long end = data.documentStart(data.documentOf(start) + 1);
    int length = (int) Math.min(rows.sequence(), data.tokenCount() - start);
    int token = data.token(start);
    for (int i = 0; i < length; i++) {
      long next = start + i + 1;
      int following = next < data.tokenCount() ? data.token(next) : TokenBatch.IGNORED;
      if (next == end) {
        rows.put(row, i, token, TokenBatch.IGNORED);
        rows.endSegment(row, i);
        end = data.documentStart(data.documentOf(Math.min(next, data.tokenCount() - 1)) + 1);
      } else {
        rows.put(row, i, token, following);
      }
      token = following;
    }
  }

  /**
   * Whether a label in the first windows counts. Cost: a look at each document up to the first of
   * two tokens.
   *
   * @param windows how many
   */
  public boolean hasLabel(long windows) {
    long lastLabel = Math.min(windows * sequence, data.tokenCount() - 1);
    for (long d = 0; d < data.documentCount() && data.documentStart(d) < lastLabel; d++) {
      if (data.documentStart(d + 1) - data.documentStart(d) > 1) {
        return true;
      }
    }
    return false;
  }

  /**
   * Labels of a batch that count.
   *
   * @param batch any
   */
  public static long countedLabels(TokenBatch batch) {
    return Arrays.stream(batch.labels()).filter(label -> label != TokenBatch.IGNORED).count();
  }
}

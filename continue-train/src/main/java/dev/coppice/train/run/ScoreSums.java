package dev.coppice.train.run;

import com.google.common.primitives.Ints;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.model.TokenScores;
import dev.coppice.train.data.TokenFile;
import dev.coppice.train.data.TokenWindows;
import java.util.stream.IntStream;

/** Sums of scores, by document and by window. */
final class ScoreSums {
  private static final int FEWEST_DOCUMENTS = 10;

  private final TokenFile data;
  private final TokenWindows windows;
  private final long windowCount;
  private final double[] documentLosses;
  private final long[] documentTokens;
  private final double[] windowLosses;
  private final long[] windowTokens;
  private long correct;

  /**
   * Empty sums.
   *
   * @param data the text
   * @param windows over the text
   * @param windowCount how many of them will be read
   */
  ScoreSums(TokenFile data, TokenWindows windows, long windowCount) {
    this.data = data;
    this.windows = windows;
    this.windowCount = windowCount;
    this.documentLosses = new double[Ints.checkedCast(data.documentCount())];
    this.documentTokens = new long[documentLosses.length];
    this.windowLosses = new double[Ints.checkedCast(windowCount)];
    this.windowTokens = new long[windowLosses.length];
  }

  /** Adds a batch of windows. */
  void add(long[] drawn, TokenBatch batch, TokenScores scores) {
    for (int row = 0; row < drawn.length; row++) {
      addRow(drawn[row], row * batch.sequence(), batch, scores);
    }
  }

  private void addRow(long window, int offset, TokenBatch batch, TokenScores scores) {
    int document = (int) data.documentOf(windows.start(window));
    for (int i = 0; i < batch.sequence(); i++) {
      if (batch.labels()[offset + i] == TokenBatch.IGNORED) {
        continue;
      }
      long token = windows.start(window) + i;
      while (data.documentStart(document + 1) <= token) {
        document++;
      }
      float loss = scores.losses()[offset + i];
      documentLosses[document] += loss;
      documentTokens[document]++;
      windowLosses[(int) window] += loss;
      windowTokens[(int) window]++;
      correct += scores.correct()[offset + i] ? 1 : 0;
    }
  }

  /** Sum of all losses, nats. */
  double loss() {
    return IntStream.range(0, windowLosses.length).mapToDouble(w -> windowLosses[w]).sum();
  }

  /** Tokens counted. */
  long tokens() {
    return IntStream.range(0, windowTokens.length).mapToLong(w -> windowTokens[w]).sum();
  }

  /** Tokens that were held likeliest. */
  long correct() {
    return correct;
  }

  /** Windows read. */
  long windows() {
    return windowCount;
  }

  /** Whether there are documents enough to draw from. */
  boolean byDocument() {
    return nonEmpty(documentTokens) >= FEWEST_DOCUMENTS;
  }

  /** How many units the bootstrap draws from. */
  int units() {
    return nonEmpty(byDocument() ? documentTokens : windowTokens);
  }

  /** The bootstrap over documents, or over windows where there are few documents. */
  Bootstrap bootstrap() {
    double[] sums = byDocument() ? documentLosses : windowLosses;
    long[] counts = byDocument() ? documentTokens : windowTokens;
    int[] kept = IntStream.range(0, counts.length).filter(i -> counts[i] > 0).toArray();
    return new Bootstrap(
        IntStream.of(kept).mapToDouble(i -> sums[i]).toArray(),
        IntStream.of(kept).mapToLong(i -> counts[i]).toArray());
  }

  private static int nonEmpty(long[] counts) {
    return (int) IntStream.range(0, counts.length).filter(i -> counts[i] > 0).count();
  }
}

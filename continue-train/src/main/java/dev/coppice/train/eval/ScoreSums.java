package dev.coppice.train.eval;

import com.google.common.primitives.Ints;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.model.TokenScores;
import dev.coppice.train.data.batch.TokenWindows;
import dev.coppice.train.data.token.TokenSequence;
import java.util.OptionalLong;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Sums of scores, by document and by window. */
final class ScoreSums {
  private static final int FEWEST_DOCUMENTS = 10;

  private final HeldOutText text;
  private final TokenSequence data;
  private final TokenWindows windows;
  private final long windowCount;
  private final double[] documentLosses;
  private final long[] documentTokens;
  private final double[] documentCorrect;
  private final double[] windowLosses;
  private final long[] windowTokens;
  private final double[] windowCorrect;
  private long bytes;
  private boolean bytesKnown = true;

  /**
   * Empty sums.
   *
   * @param text of the evaluation
   * @param windows over the text
   * @param windowCount how many of them will be read
   */
  ScoreSums(HeldOutText text, TokenWindows windows, long windowCount) {
    this.text = text;
    this.data = text.tokens();
    this.windows = windows;
    this.windowCount = windowCount;
    this.documentLosses = new double[Ints.checkedCast(data.documentCount())];
    this.documentTokens = new long[documentLosses.length];
    this.documentCorrect = new double[documentLosses.length];
    this.windowLosses = new double[Ints.checkedCast(windowCount)];
    this.windowTokens = new long[windowLosses.length];
    this.windowCorrect = new double[windowLosses.length];
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
      int hit = scores.correct()[offset + i] ? 1 : 0;
      documentLosses[document] += loss;
      documentTokens[document]++;
      documentCorrect[document] += hit;
      windowLosses[(int) window] += loss;
      windowTokens[(int) window]++;
      windowCorrect[(int) window] += hit;
      boolean last = data.documentStart(document + 1) == token + 2;
      addBytes(text.bytes(batch.labels()[offset + i], last));
    }
  }

  private void addBytes(OptionalLong count) {
    bytesKnown &= count.isPresent();
    bytes += count.orElse(0);
  }

  /** Bytes of text that the counted tokens stand for; nothing where that is not known. */
  OptionalLong bytes() {
    return bytesKnown ? OptionalLong.of(bytes) : OptionalLong.empty();
  }

  /** Tokens counted. */
  long tokens() {
    return LongStream.of(windowTokens).sum();
  }

  /** Windows read. */
  long windows() {
    return windowCount;
  }

  /** The units of the bootstrap: documents, or windows where there are few documents. */
  Units units() {
    boolean byDocument =
        LongStream.of(documentTokens).filter(count -> count > 0).count() >= FEWEST_DOCUMENTS;
    return byDocument
        ? units("documents", documentLosses, documentCorrect, documentTokens)
        : units("windows", windowLosses, windowCorrect, windowTokens);
  }

  private static Units units(String kind, double[] losses, double[] correct, long[] tokens) {
    int[] kept = IntStream.range(0, tokens.length).filter(i -> tokens[i] > 0).toArray();
    return new Units(
        kind,
        IntStream.of(kept).mapToDouble(i -> losses[i]).toArray(),
        IntStream.of(kept).mapToDouble(i -> correct[i]).toArray(),
        IntStream.of(kept).mapToLong(i -> tokens[i]).toArray());
  }

  /**
   * Sums of the units that hold tokens.
   *
   * @param kind what a unit is, in the plural
   * @param losses sum of each unit's losses, nats
   * @param correct tokens of each unit that were held likeliest
   * @param tokens of each unit; positive
   */
  @SuppressWarnings("ArrayRecordComponent") // private to this package, never compared
  record Units(String kind, double[] losses, double[] correct, long[] tokens) {
    int count() {
      return tokens.length;
    }

    double loss() {
      return DoubleStream.of(losses).sum();
    }

    double hits() {
      return DoubleStream.of(correct).sum();
    }
  }
}

package dev.coppice.moe.naive;

import com.google.common.primitives.Doubles;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.train.LossWeights;
import java.util.Arrays;

/**
 * What the naive model says of a batch.
 *
 * @param logits row-major [B, S, V]
 * @param crossEntropies of each token, row-major [B, S]; 0 where the label is ignored
 * @param counted tokens whose label is not ignored
 * @param losses sums that the auxiliary losses are made of
 */
@SuppressWarnings("ArrayRecordComponent") // test data that nobody compares
public record Judgement(double[] logits, double[] crossEntropies, int counted, NaiveLosses losses) {
  public static Judgement of(NaiveWeights weights, TokenBatch batch) {
    NaiveModel naive = new NaiveModel(weights);
    double[] logits = new double[0];
    double[] losses = new double[batch.ids().length];
    int[] documents = documents(batch);
    int counted = 0;
    for (int from = 0; from < losses.length; from += batch.sequence()) {
      int[] ids = Arrays.copyOfRange(batch.ids(), from, from + batch.sequence());
      int[] own = Arrays.copyOfRange(documents, from, from + batch.sequence());
      double[][] rows = naive.logits(ids, own);
      logits = Doubles.concat(logits, Doubles.concat(rows));
      for (int t = 0; t < rows.length; t++) {
        int label = batch.labels()[from + t];
        if (label != TokenBatch.IGNORED) {
          losses[from + t] = NaiveMath.logSumExp(rows[t]) - rows[t][label];
          counted++;
        }
      }
    }
    return new Judgement(logits, losses, counted, naive.losses());
  }

  /** Which segment each token is in; all in one if the batch names none. */
  private static int[] documents(TokenBatch batch) {
    int[] documents = new int[batch.ids().length];
    int at = 0;
    for (int segment = 0; segment < batch.segments().size(); segment++) {
      int end = at + batch.segments().get(segment);
      Arrays.fill(documents, at, end, segment);
      at = end;
    }
    return documents;
  }

  /** Mean cross-entropy of the counted tokens. */
  public double crossEntropy() {
    return Arrays.stream(crossEntropies).sum() / Math.max(1, counted);
  }

  /** Cross-entropy and weighted auxiliary losses. */
  public double loss(LossWeights weights) {
    return crossEntropy() + weights.loadBalance() * losses.loadBalance() + weights.z() * losses.z();
  }
}

package dev.coppice.moe.naive;

import static dev.coppice.moe.naive.NaiveMath.add;
import static dev.coppice.moe.naive.NaiveMath.norm;
import static dev.coppice.moe.naive.NaiveMath.row;
import static dev.coppice.moe.naive.NaiveMath.times;

import dev.coppice.moe.kernel.LayerParameter;
import dev.coppice.moe.parameter.ParameterLayout;
import dev.coppice.moe.spec.MoeSpec;

/**
 * The decoder in plain loops of doubles: slow, obvious, and the judge of the kernels.
 *
 * <p>It is itself held to transformers' logits by {@link NaiveModelGoldenTest}.
 */
final class NaiveModel {
  private final NaiveWeights weights;
  private final MoeSpec spec;
  private final NaiveLosses losses = new NaiveLosses();

  NaiveModel(NaiveWeights weights) {
    this.weights = weights;
    this.spec = weights.spec();
  }

  /** Logits [S][V] of one sequence that is one document; sums of the auxiliary losses grow. */
  double[][] logits(int[] ids) {
    return logits(ids, new int[ids.length]);
  }

  /**
   * Logits [S][V] of one sequence; sums of the auxiliary losses grow.
   *
   * @param documents the document of each token; only tokens of one document see each other
   */
  double[][] logits(int[] ids, int[] documents) {
    double[][] x = new double[ids.length][spec.hiddenSize()];
    for (int t = 0; t < ids.length; t++) {
      double[] embedded = row(weights.at(ParameterLayout.EMBEDDING), ids[t], spec.hiddenSize());
      add(x[t], embedded, spec.multipliers().embedding());
    }
    for (int layer = 0; layer < spec.layerCount(); layer++) {
      double[][] attended =
          new NaiveAttention(weights, layer, documents)
              .outputs(normed(x, weights.at(layer, LayerParameter.INPUT_NORM)));
      addAll(x, attended);
      NaiveFeedForward feedForward = new NaiveFeedForward(weights, layer, losses);
      double[][] fed = normed(x, weights.at(layer, LayerParameter.POST_ATTENTION_NORM));
      for (int t = 0; t < fed.length; t++) {
        fed[t] = feedForward.output(fed[t]);
      }
      addAll(x, fed);
    }
    double[] head = weights.at(spec.tiedHead() ? ParameterLayout.EMBEDDING : ParameterLayout.HEAD);
    double[][] logits = normed(x, weights.at(ParameterLayout.FINAL_NORM));
    for (int t = 0; t < ids.length; t++) {
      logits[t] = times(head, 0, spec.vocabularySize(), logits[t]);
      for (int v = 0; v < logits[t].length; v++) {
        logits[t][v] /= spec.multipliers().logits();
      }
    }
    return logits;
  }

  private double[][] normed(double[][] x, double[] weight) {
    double[][] result = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      result[t] = norm(x[t], weight, spec.normEpsilon());
    }
    return result;
  }

  private void addAll(double[][] x, double[][] what) {
    for (int t = 0; t < x.length; t++) {
      add(x[t], what[t], spec.multipliers().residual());
    }
  }

  /** Auxiliary losses of all that {@link #logits} has seen. */
  NaiveLosses losses() {
    return losses;
  }
}

package dev.coppice.moe.train;

import dev.coppice.moe.model.LanguageModel;
import dev.coppice.moe.model.TokenBatch;
import java.util.List;

/**
 * The losses of a batch, from the sums of its parts.
 *
 * <p>The load-balancing loss is E · Σ f · P over the experts, where f is the share of all tokens of
 * all mixture layers that an expert took, and P its mean probability over them: both are of the
 * whole batch, as in {@code transformers}.
 *
 * @param rows tokens that routers see, over all mixture layers; at least 1
 */
record BatchLosses(long rows) {
  /** Of a model's batch of so many tokens. */
  static BatchLosses of(LanguageModel model, long tokens) {
    return new BatchLosses(Math.max(1, model.spec().mixtures() * tokens));
  }

  /** Gradient of the load-balancing loss with respect to every probability of an expert [E]. */
  float[] balanceGradient(ExpertLoad load, double scale) {
    int experts = load.experts();
    float[] gradient = new float[Math.max(1, experts)];
    for (int layer = 0; layer < load.layers(); layer++) {
      for (int i = 0; i < experts; i++) {
        double share = (double) load.count(layer, i) / rows;
        gradient[i] += (float) (scale * share * experts / rows);
      }
    }
    return gradient;
  }

  /**
   * The losses of all parts.
   *
   * @param parts of the batch
   * @param sums of each part
   */
  LossStats stats(List<TokenBatch> parts, List<PartSums> sums) {
    long counted = Math.max(1, parts.stream().mapToLong(TokenBatch::counted).sum());
    double crossEntropy = 0;
    double divergence = 0;
    double squares = 0;
    ExpertLoad load = ExpertLoad.NONE;
    for (int i = 0; i < parts.size(); i++) {
      long inPart = parts.get(i).counted();
      double share = (double) inPart / counted;
      crossEntropy += share * (sums.get(i).loss() / Math.max(1, inPart));
      divergence += share * (sums.get(i).divergence() / Math.max(1, inPart));
      squares += sums.get(i).squaredLogSumExp();
      load = load.plus(sums.get(i).load());
    }
    long tokens = parts.stream().mapToLong(TokenBatch::counted).sum();
    double balance = loadBalance(load, sums);
    return new LossStats(crossEntropy, balance, squares / rows, tokens, load, divergence);
  }

  private double loadBalance(ExpertLoad load, List<PartSums> sums) {
    float[] gradient = balanceGradient(load, 1);
    double loadBalance = 0;
    for (int i = 0; i < load.experts(); i++) {
      int expert = i;
      loadBalance +=
          gradient[i] * sums.stream().mapToDouble(part -> part.probability().get(expert)).sum();
    }
    return loadBalance;
  }
}

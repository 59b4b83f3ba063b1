package dev.coppice.moe.naive;

import dev.coppice.moe.naive.NaiveRouter.Choice;

/** Sums over tokens and mixture layers that the auxiliary losses are made of. */
public final class NaiveLosses {
  private double[] counts = new double[0];
  private double[] chances = new double[0];
  private double squaredLogSumExp;
  private double closest = Double.POSITIVE_INFINITY;
  private int routed;

  void see(Choice choice, double logSumExp, double gap) {
    if (routed++ == 0) {
      counts = new double[choice.chosen().length];
      chances = new double[choice.chosen().length];
    }
    for (int e = 0; e < counts.length; e++) {
      counts[e] += choice.chosen()[e] ? 1 : 0;
      chances[e] += choice.probabilities()[e];
    }
    squaredLogSumExp += logSumExp * logSumExp;
    closest = Math.min(closest, gap);
  }

  /** E times the sum over experts of the share of tokens and the mean probability. */
  public double loadBalance() {
    double sum = 0;
    for (int e = 0; e < counts.length; e++) {
      sum += counts[e] / routed * chances[e] / routed;
    }
    return sum * counts.length;
  }

  /** Mean square of the logits' log-sum-exp. */
  public double z() {
    return squaredLogSumExp / Math.max(1, routed);
  }

  /** Smallest distance that decided about a group or an expert. */
  public double closest() {
    return closest;
  }
}

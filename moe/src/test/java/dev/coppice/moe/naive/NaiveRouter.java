package dev.coppice.moe.naive;

import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.spec.RouterSpec.GroupScore;
import dev.coppice.moe.spec.RouterSpec.Scoring;
import java.util.Arrays;

/**
 * What a router makes of one token's logits, in plain loops of doubles.
 *
 * <p>Of equal scores the first is taken. Which one libtorch takes is not defined: tests with ties
 * give both the same expert.
 */
final class NaiveRouter {
  /** Smallest distance between something taken and something not, infinite where all are. */
  private double closest = Double.POSITIVE_INFINITY;

  private final RouterSpec spec;
  private final int topK;

  /**
   * The outcome for one token.
   *
   * @param chosen whether each expert is chosen
   * @param weights of the chosen experts, 0 for the others
   * @param probabilities of all experts, which the load-balancing loss takes
   */
  @SuppressWarnings("ArrayRecordComponent") // test data that nobody compares
  record Choice(boolean[] chosen, double[] weights, double[] probabilities) {}

  NaiveRouter(RouterSpec spec, int topK) {
    this.spec = spec;
    this.topK = topK;
  }

  double closest() {
    return closest;
  }

  Choice choose(double[] logits, double[] selectionBias) {
    double[] scores = scores(logits);
    boolean[] chosen = chosen(logits, scores, selectionBias);
    double[] weights = new double[logits.length];
    double sum = 0;
    for (int e = 0; e < weights.length; e++) {
      weights[e] = chosen[e] ? scores[e] : 0;
      sum += weights[e];
    }
    boolean shares = spec.renormalize() || spec.scoring() == Scoring.CHOSEN_SOFTMAX;
    double divisor = shares ? sum : 1;
    double total = Arrays.stream(scores).sum();
    return new Choice(
        chosen,
        Arrays.stream(weights).map(w -> w / divisor * spec.scalingFactor()).toArray(),
        Arrays.stream(scores).map(s -> s / total).toArray());
  }

  /** A softmax over the chosen is each one's exponential over their sum: any softmax will do. */
  private double[] scores(double[] logits) {
    return spec.scoring() == Scoring.SIGMOID
        ? Arrays.stream(logits).map(NaiveMath::sigmoid).toArray()
        : NaiveMath.softmax(logits);
  }

  private boolean[] chosen(double[] logits, double[] scores, double[] selectionBias) {
    double[] choosing = (spec.scoring() == Scoring.CHOSEN_SOFTMAX ? logits : scores).clone();
    if (selectionBias.length > 0) {
      NaiveMath.add(choosing, selectionBias, 1);
    }
    int size = choosing.length / spec.groups();
    double[] groups = new double[spec.groups()];
    for (int g = 0; g < groups.length; g++) {
      groups[g] = groupScore(Arrays.copyOfRange(choosing, g * size, (g + 1) * size));
    }
    boolean[] open = largest(groups, spec.topGroups());
    for (int e = 0; e < choosing.length; e++) {
      if (!open[e / size]) {
        choosing[e] = Double.NEGATIVE_INFINITY;
      }
    }
    return largest(choosing, topK);
  }

  private double groupScore(double[] members) {
    Arrays.sort(members);
    int last = members.length - 1;
    boolean two = spec.groups() > 1 && spec.groupScore() == GroupScore.TOP_TWO_SUM;
    return two ? members[last] + members[last - 1] : members[last];
  }

  private boolean[] largest(double[] values, int count) {
    boolean[] taken = new boolean[values.length];
    double least = Double.NaN;
    for (int k = 0; k <= count; k++) {
      int best = -1;
      for (int i = 0; i < values.length; i++) {
        if (!taken[i] && (best < 0 || values[i] > values[best])) {
          best = i;
        }
      }
      if (k < count) {
        taken[best] = true;
        least = values[best];
      } else if (best >= 0) {
        closest = Math.min(closest, least - values[best]);
      }
    }
    return taken;
  }
}

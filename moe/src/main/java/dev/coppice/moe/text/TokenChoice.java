package dev.coppice.moe.text;

import dev.coppice.moe.random.SplitMix64;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Chooses a token by its logits; the same seed and position choose the same. */
final class TokenChoice {
  private final Sampling sampling;

  TokenChoice(Sampling sampling) {
    this.sampling = sampling;
  }

  /**
   * The next token.
   *
   * @param logits of every token [V]
   * @param position of the token in the text; picks the random number
   */
  int next(float[] logits, int position) {
    if (sampling.temperature() == 0) {
      return likeliest(logits);
    }
    int[] order = ranked(logits);
    double[] weights = weights(logits, order);
    int allowed = allowed(weights);
    double total = 0;
    for (int i = 0; i < allowed; i++) {
      total += weights[i];
    }
    long bits = SplitMix64.at(sampling.seed(), position + 1L);
    double point = SplitMix64.unit(bits) * total;
    for (int i = 0; i < allowed; i++) {
      point -= weights[i];
      if (point < 0) {
        return order[i];
      }
    }
    return order[allowed - 1];
  }

  /** The first of the largest, as torch.argmax has it. */
  static int likeliest(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }

  private int[] ranked(float[] logits) {
    int kept = sampling.topK() == 0 ? logits.length : Math.min(sampling.topK(), logits.length);
    return IntStream.range(0, logits.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -logits[i]).thenComparing(i -> i))
        .limit(kept)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** Probabilities among the kept, largest first. */
  private double[] weights(float[] logits, int[] order) {
    double[] weights = new double[order.length];
    double sum = 0;
    for (int i = 0; i < order.length; i++) {
      weights[i] = Math.exp((logits[order[i]] - logits[order[0]]) / sampling.temperature());
      sum += weights[i];
    }
    for (int i = 0; i < weights.length; i++) {
      weights[i] /= sum;
    }
    return weights;
  }

  private int allowed(double[] weights) {
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      sum += weights[i];
      if (sum >= sampling.topP()) {
        return i + 1;
      }
    }
    return weights.length;
  }
}

package dev.coppice.moe.model;

import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.GroupedAttention.HeadNorm;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/** The decoder in plain loops of doubles: slow, obvious, and the judge of the kernels. */
final class NaiveModel {
  private final MoeSpec spec;
  private final GroupedAttention attention;
  private final List<double[]> parameters = new ArrayList<>();
  private final double[] counts;
  private final double[] chances;
  private double squaredLogSumExp;
  private int routed;

  NaiveModel(LanguageModel model) {
    this.spec = model.spec();
    this.attention = (GroupedAttention) spec.attention();
    List<ParameterLayout.Slot> slots = model.parameters().layout().slots();
    for (int i = 0; i < slots.size(); i++) {
      int size = (int) slots.get(i).elements();
      double[] values = new double[size];
      if (size > 0) {
        FloatBuffer memory = model.parameters().map(i, 0, size).asFloatBuffer();
        for (int j = 0; j < size; j++) {
          values[j] = memory.get(j);
        }
      }
      parameters.add(values);
    }
    int experts = spec.firstMoe().map(LayerSpec.Moe::experts).orElse(0);
    this.counts = new double[experts];
    this.chances = new double[experts];
  }

  /** Logits [S][V] of one sequence; sums of the auxiliary losses grow. */
  double[][] logits(int[] ids) {
    double[][] x = new double[ids.length][];
    for (int t = 0; t < ids.length; t++) {
      x[t] = row(parameters.get(0), ids[t], spec.hiddenSize());
    }
    for (int layer = 0; layer < spec.layerCount(); layer++) {
      attend(x, ParameterLayout.index(layer, LayerSlot.INPUT_NORM));
      for (double[] token : x) {
        feedForward(token, layer);
      }
    }
    double[] head = parameters.get(spec.tiedHead() ? 0 : 2);
    double[][] logits = new double[ids.length][];
    for (int t = 0; t < ids.length; t++) {
      logits[t] = times(head, 0, spec.vocabularySize(), norm(x[t], parameters.get(1)));
    }
    return logits;
  }

  /** Load-balancing loss of all that {@link #logits} has seen. */
  double loadBalance() {
    double sum = 0;
    for (int e = 0; e < counts.length; e++) {
      sum += counts[e] / Math.max(1, routed) * chances[e] / Math.max(1, routed);
    }
    return sum * counts.length;
  }

  /** Z loss of all that {@link #logits} has seen. */
  double z() {
    return squaredLogSumExp / Math.max(1, routed);
  }

  private void attend(double[][] x, int at) {
    int heads = attention.heads();
    int groups = attention.keyValueHeads();
    int width = attention.headDim();
    int length = x.length;
    double[][][] qkv = new double[length][heads + 2 * groups][];
    for (int t = 0; t < length; t++) {
      double[] n = norm(x[t], parameters.get(at));
      double[] all = times(parameters.get(at + 1), 0, (heads + 2 * groups) * width, n);
      for (int h = 0; h < heads + 2 * groups; h++) {
        double[] head = row(all, h, width);
        if (h < heads + groups) {
          if (attention.headNorm() == HeadNorm.PER_HEAD) {
            head = norm(head, parameters.get(h < heads ? at + 2 : at + 3));
          }
          head = rotate(head, t);
        }
        qkv[t][h] = head;
      }
    }
    for (int t = 0; t < length; t++) {
      double[] mixed = new double[heads * width];
      for (int h = 0; h < heads; h++) {
        mix(qkv, t, h, mixed);
      }
      add(x[t], times(parameters.get(at + 4), 0, spec.hiddenSize(), mixed), 1);
    }
  }

  private void mix(double[][][] qkv, int t, int h, double[] into) {
    int heads = attention.heads();
    int groups = attention.keyValueHeads();
    int width = attention.headDim();
    int key = heads + h / (heads / groups);
    double[] scores = new double[t + 1];
    for (int s = 0; s <= t; s++) {
      scores[s] = dot(qkv[t][h], qkv[s][key]) / Math.sqrt(width);
    }
    double[] p = softmax(scores);
    for (int s = 0; s <= t; s++) {
      for (int i = 0; i < width; i++) {
        into[h * width + i] += p[s] * qkv[s][key + groups][i];
      }
    }
  }

  private double[] rotate(double[] head, int position) {
    int half = head.length / 2;
    double[] turned = new double[head.length];
    for (int i = 0; i < half; i++) {
      double angle = position * Math.pow(attention.rope().theta(), -2.0 * i / head.length);
      turned[i] = head[i] * Math.cos(angle) - head[i + half] * Math.sin(angle);
      turned[i + half] = head[i + half] * Math.cos(angle) + head[i] * Math.sin(angle);
    }
    return turned;
  }

  private void feedForward(double[] x, int index) {
    double[] n = norm(x, of(index, LayerSlot.POST_ATTENTION_NORM));
    int at = ParameterLayout.index(index, LayerSlot.GATE_UP);
    LayerSpec layer = spec.layers().get(index);
    if (layer instanceof LayerSpec.Dense dense) {
      add(x, expert(n, at, 0, dense.width()), 1);
      return;
    }
    LayerSpec.Moe moe = (LayerSpec.Moe) layer;
    double[] logits = times(of(index, LayerSlot.ROUTER), 0, moe.experts(), n);
    double[] p = softmax(logits);
    boolean[] chosen = new boolean[p.length];
    double sum = 0;
    for (int k = 0; k < moe.topK(); k++) {
      int best = -1;
      for (int e = 0; e < p.length; e++) {
        if (!chosen[e] && (best < 0 || p[e] > p[best])) {
          best = e;
        }
      }
      chosen[best] = true;
      sum += p[best];
    }
    for (int e = 0; e < p.length; e++) {
      chances[e] += p[e];
      if (chosen[e]) {
        counts[e]++;
        add(
            x,
            expert(n, at, e, moe.expertWidth()),
            spec.router().renormalize() ? p[e] / sum : p[e]);
      }
    }
    routed++;
    double lse = logSumExp(logits);
    squaredLogSumExp += lse * lse;
  }

  private double[] of(int layer, LayerSlot slot) {
    return parameters.get(ParameterLayout.index(layer, slot));
  }

  private double[] expert(double[] n, int at, int expert, int hidden) {
    double[] gate = times(parameters.get(at), 2 * expert * hidden, hidden, n);
    double[] up = times(parameters.get(at), (2 * expert + 1) * hidden, hidden, n);
    for (int i = 0; i < hidden; i++) {
      gate[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
    }
    return times(parameters.get(at + 1), expert * spec.hiddenSize(), spec.hiddenSize(), gate);
  }

  private double[] norm(double[] x, double[] weight) {
    double r = 1 / Math.sqrt(dot(x, x) / x.length + spec.normEpsilon());
    double[] result = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      result[i] = x[i] * r * weight[i];
    }
    return result;
  }

  static double logSumExp(double[] x) {
    double max = Double.NEGATIVE_INFINITY;
    for (double value : x) {
      max = Math.max(max, value);
    }
    double sum = 0;
    for (double value : x) {
      sum += Math.exp(value - max);
    }
    return max + Math.log(sum);
  }

  private static double[] softmax(double[] x) {
    double lse = logSumExp(x);
    double[] p = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      p[i] = Math.exp(x[i] - lse);
    }
    return p;
  }

  private static double[] row(double[] matrix, int row, int width) {
    double[] result = new double[width];
    System.arraycopy(matrix, row * width, result, 0, width);
    return result;
  }

  private static double[] times(double[] matrix, int firstRow, int rows, double[] x) {
    double[] result = new double[rows];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < x.length; j++) {
        result[i] += matrix[(firstRow + i) * x.length + j] * x[j];
      }
    }
    return result;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static void add(double[] into, double[] what, double factor) {
    for (int i = 0; i < into.length; i++) {
      into[i] += factor * what[i];
    }
  }
}

package dev.coppice.moe.naive;

import static dev.coppice.moe.naive.NaiveMath.add;
import static dev.coppice.moe.naive.NaiveMath.sigmoid;
import static dev.coppice.moe.naive.NaiveMath.times;

import dev.coppice.moe.kernel.LayerParameter;
import dev.coppice.moe.naive.NaiveRouter.Choice;
import dev.coppice.moe.spec.GateSpec;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;

/** The feed-forward half of one layer, token by token, in plain loops of doubles. */
final class NaiveFeedForward {
  private final NaiveWeights weights;
  private final MoeSpec spec;
  private final int layer;
  private final NaiveLosses losses;

  /**
   * The half of a layer.
   *
   * @param losses gathers what the auxiliary losses need
   */
  NaiveFeedForward(NaiveWeights weights, int layer, NaiveLosses losses) {
    this.weights = weights;
    this.spec = weights.spec();
    this.layer = layer;
    this.losses = losses;
  }

  /** What the layer adds to a token, from the normed token. */
  double[] output(double[] n) {
    if (spec.layers().get(layer) instanceof LayerSpec.Dense dense) {
      return expert(n, 0, dense.width(), LayerParameter.GATE_UP, LayerParameter.DOWN);
    }
    LayerSpec.Moe moe = (LayerSpec.Moe) spec.layers().get(layer);
    double[] logits = times(at(LayerParameter.ROUTER), n, at(LayerParameter.ROUTER_BIAS));
    NaiveRouter router = new NaiveRouter(spec.router(), moe.topK());
    Choice choice = router.choose(logits, at(LayerParameter.SELECTION_BIAS));
    losses.see(choice, NaiveMath.logSumExp(logits), router.closest());
    double[] sum = new double[n.length];
    for (int e = 0; e < moe.experts(); e++) {
      if (choice.chosen()[e]) {
        double[] own = routed(n, e, moe.expertWidth());
        add(sum, own, choice.weights()[e]);
      }
    }
    if (moe.sharedWidth() > 0) {
      double[] all =
          expert(
              n, 0, moe.sharedWidth(), LayerParameter.SHARED_GATE_UP, LayerParameter.SHARED_DOWN);
      double share =
          moe.sharedGate() ? sigmoid(NaiveMath.dot(at(LayerParameter.SHARED_SCORE), n)) : 1;
      add(sum, all, share);
    }
    return sum;
  }

  private double[] routed(double[] n, int e, int hidden) {
    if (!spec.gate().bias()) {
      return expert(n, e, hidden, LayerParameter.GATE_UP, LayerParameter.DOWN);
    }
    double[] both = times(at(LayerParameter.GATE_UP), 2 * e * hidden, 2 * hidden, n);
    add(both, NaiveMath.row(at(LayerParameter.GATE_UP_BIAS), e, 2 * hidden), 1);
    double[] out = times(at(LayerParameter.DOWN), e * n.length, n.length, joined(both, hidden));
    add(out, NaiveMath.row(at(LayerParameter.DOWN_BIAS), e, n.length), 1);
    return out;
  }

  private double[] expert(
      double[] n, int e, int hidden, LayerParameter gateUp, LayerParameter down) {
    double[] both = times(at(gateUp), 2 * e * hidden, 2 * hidden, n);
    return times(at(down), e * n.length, n.length, joined(both, hidden));
  }

  private double[] joined(double[] both, int hidden) {
    GateSpec gate = spec.gate();
    double[] result = new double[hidden];
    for (int i = 0; i < hidden; i++) {
      double g = both[i];
      double u = both[hidden + i];
      if (gate.clamped()) {
        g = Math.min(g, gate.limit());
        u = Math.max(-gate.limit(), Math.min(u, gate.limit()));
        result[i] = g * sigmoid(gate.alpha() * g) * (u + 1);
      } else {
        result[i] = g * sigmoid(g) * u;
      }
    }
    return result;
  }

  private double[] at(LayerParameter slot) {
    return weights.at(layer, slot);
  }
}

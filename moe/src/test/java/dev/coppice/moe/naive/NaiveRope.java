package dev.coppice.moe.naive;

import dev.coppice.moe.spec.RopeScaling;
import dev.coppice.moe.spec.RopeSpec;

/** Rotary positions by the formulas of each variant, in doubles. */
final class NaiveRope {
  private NaiveRope() {}

  /** A head whose first elements have turned by the angles of a position. */
  static double[] turn(RopeSpec rope, double[] head, int position, int sequence) {
    double[] turned = head.clone();
    int pairs = rope.width() / 2;
    for (int i = 0; i < pairs; i++) {
      int a = rope.interleaved() ? 2 * i : i;
      int b = rope.interleaved() ? 2 * i + 1 : i + pairs;
      double angle = position * frequency(rope, i, sequence);
      double cos = magnitude(rope) * Math.cos(angle);
      double sin = magnitude(rope) * Math.sin(angle);
      turned[a] = head[a] * cos - head[b] * sin;
      turned[b] = head[b] * cos + head[a] * sin;
    }
    return turned;
  }

  private static double magnitude(RopeSpec rope) {
    return rope.scaling() instanceof RopeScaling.Yarn yarn ? yarn.attentionFactor() : 1;
  }

  private static double frequency(RopeSpec rope, int pair, int sequence) {
    double power = -2.0 * pair / rope.width();
    double plain = Math.pow(rope.theta(), power);
    RopeScaling scaling = rope.scaling();
    if (scaling instanceof RopeScaling.Linear linear) {
      return plain / linear.factor();
    }
    if (scaling instanceof RopeScaling.Dynamic dynamic) {
      double times = Math.max(1, (double) sequence / dynamic.originalPositions());
      double stretch = dynamic.factor() * times - (dynamic.factor() - 1);
      double base = rope.theta() * Math.pow(stretch, rope.width() / (rope.width() - 2.0));
      return Math.pow(base, power);
    }
    if (scaling instanceof RopeScaling.Yarn yarn) {
      double kept = 1 - ramp(yarn, rope, pair);
      return plain * kept + plain / yarn.factor() * (1 - kept);
    }
    return scaling instanceof RopeScaling.Llama3 llama ? mixed(llama, plain) : plain;
  }

  /** 0 for pairs that turn often within the original length, 1 for those that hardly do. */
  private static double ramp(RopeScaling.Yarn yarn, RopeSpec rope, int pair) {
    double low = pairThatTurns(yarn.betaFast(), yarn, rope);
    double high = pairThatTurns(yarn.betaSlow(), yarn, rope);
    if (yarn.truncate()) {
      low = Math.floor(low);
      high = Math.ceil(high);
    }
    low = Math.max(low, 0);
    high = Math.min(high, rope.width() - 1);
    double share = (pair - low) / (low == high ? 0.001 : high - low);
    return Math.min(1, Math.max(0, share));
  }

  private static double pairThatTurns(double turns, RopeScaling.Yarn yarn, RopeSpec rope) {
    double wavelength = yarn.originalPositions() / turns;
    return rope.width() * Math.log(wavelength / (2 * Math.PI)) / (2 * Math.log(rope.theta()));
  }

  private static double mixed(RopeScaling.Llama3 llama, double plain) {
    double turns = llama.originalPositions() * plain / (2 * Math.PI);
    double kept = (turns - llama.low()) / (llama.high() - llama.low());
    kept = Math.min(1, Math.max(0, kept));
    return (1 - kept) * plain / llama.factor() + kept * plain;
  }
}

package dev.coppice.moe.naive;

import static dev.coppice.moe.naive.NaiveMath.dot;
import static dev.coppice.moe.naive.NaiveMath.norm;
import static dev.coppice.moe.naive.NaiveMath.part;
import static dev.coppice.moe.naive.NaiveMath.row;
import static dev.coppice.moe.naive.NaiveMath.times;

import dev.coppice.moe.kernel.LayerParameter;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.GroupedAttention.HeadNorm;
import dev.coppice.moe.spec.LatentAttention;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RopeSpec;
import java.util.ArrayList;
import java.util.List;

/** Attention of one layer: every head of every token, in plain loops of doubles. */
final class NaiveAttention {
  /** transformers gives the norms of latent vectors this one, whatever the configuration says. */
  private static final double LATENT_EPSILON = 1e-6;

  private final NaiveWeights weights;
  private final MoeSpec spec;
  private final RopeSpec rope;
  private final int layer;
  private final int[] documents;

  /** One head's query, key and value of one token. */
  @SuppressWarnings("ArrayRecordComponent") // test data that nobody compares
  private record Head(double[] query, double[] key, double[] value) {}

  /**
   * Attention of a layer.
   *
   * @param documents the document of each token; only tokens of one document see each other
   */
  NaiveAttention(NaiveWeights weights, int layer, int[] documents) {
    this.weights = weights;
    this.spec = weights.spec();
    this.rope = spec.attention().rope();
    this.layer = layer;
    this.documents = documents;
  }

  /** What the layer's attention adds to each token, from the normed tokens. */
  double[][] outputs(double[][] normed) {
    List<List<Head>> heads = new ArrayList<>();
    for (int t = 0; t < normed.length; t++) {
      heads.add(
          spec.attention() instanceof GroupedAttention grouped
              ? grouped(grouped, normed[t], t)
              : latent((LatentAttention) spec.attention(), normed[t], t));
    }
    double[][] outputs = new double[normed.length][];
    int width = spec.attention().valueDim();
    for (int t = 0; t < normed.length; t++) {
      double[] mixed = new double[spec.attention().heads() * width];
      for (int h = 0; h < spec.attention().heads(); h++) {
        System.arraycopy(mix(heads, t, h), 0, mixed, h * width, width);
      }
      outputs[t] = times(weight(LayerParameter.OUTPUT), mixed, weight(LayerParameter.OUTPUT_BIAS));
    }
    return outputs;
  }

  private boolean sees(int query, int key) {
    int window = spec.window(layer);
    return key <= query
        && documents[key] == documents[query]
        && (window == 0 || query - key < window);
  }

  private double[] mix(List<List<Head>> heads, int t, int h) {
    boolean sinks = weight(LayerParameter.SINKS).length > 0;
    double[] scores = new double[t + 1 + (sinks ? 1 : 0)];
    for (int s = 0; s <= t; s++) {
      double product = dot(heads.get(t).get(h).query(), heads.get(s).get(h).key());
      scores[s] = sees(t, s) ? product * spec.attention().scale() : Double.NEGATIVE_INFINITY;
    }
    if (sinks) {
      scores[t + 1] = weight(LayerParameter.SINKS)[h];
    }
    double[] p = NaiveMath.softmax(scores);
    double[] mixed = new double[spec.attention().valueDim()];
    for (int s = 0; s <= t; s++) {
      NaiveMath.add(mixed, heads.get(s).get(h).value(), p[s]);
    }
    return mixed;
  }

  private List<Head> grouped(GroupedAttention attention, double[] n, int t) {
    int width = attention.headDim();
    int keys = attention.heads() * width;
    int values = keys + attention.keyValueHeads() * width;
    double[] all =
        times(weight(LayerParameter.QUERY_KEY_VALUE), n, weight(LayerParameter.INPUT_BIAS));
    double[] query = part(all, 0, keys);
    double[] key = part(all, keys, values - keys);
    if (attention.headNorm() == HeadNorm.WHOLE) {
      query = norm(query, weight(LayerParameter.QUERY_NORM), spec.normEpsilon());
      key = norm(key, weight(LayerParameter.KEY_NORM), spec.normEpsilon());
    }
    List<Head> heads = new ArrayList<>();
    for (int h = 0; h < attention.heads(); h++) {
      int shared = h / (attention.heads() / attention.keyValueHeads());
      double[] q = row(query, h, width);
      double[] k = row(key, shared, width);
      if (attention.headNorm() == HeadNorm.PER_HEAD) {
        q = norm(q, weight(LayerParameter.QUERY_NORM), spec.normEpsilon());
        k = norm(k, weight(LayerParameter.KEY_NORM), spec.normEpsilon());
      }
      heads.add(new Head(turn(q, t), turn(k, t), part(all, values + shared * width, width)));
    }
    return heads;
  }

  private List<Head> latent(LatentAttention attention, double[] n, int t) {
    int rank = attention.queryRank();
    int plain = attention.plainDim();
    double[] down =
        times(weight(LayerParameter.DOWN_PROJECTIONS), n, weight(LayerParameter.INPUT_BIAS));
    double[] from = n;
    if (rank > 0) {
      from = norm(part(down, 0, rank), weight(LayerParameter.QUERY_NORM), LATENT_EPSILON);
    }
    double[] queries = times(weight(LayerParameter.QUERY_KEY_VALUE), from, new double[0]);
    double[] narrow = part(down, rank, attention.keyValueRank());
    double[] latent = norm(narrow, weight(LayerParameter.KEY_NORM), LATENT_EPSILON);
    double[] both = times(weight(LayerParameter.KEY_VALUE_UP), latent, new double[0]);
    double[] turning = part(down, rank + attention.keyValueRank(), attention.rotaryDim());
    List<Head> heads = new ArrayList<>();
    for (int h = 0; h < attention.heads(); h++) {
      double[] query = row(queries, h, attention.scoreDim());
      double[] keyValue = row(both, h, plain + attention.valueDim());
      double[] rotary = part(query, plain, attention.rotaryDim());
      heads.add(
          new Head(
              joined(part(query, 0, plain), turn(rotary, t)),
              joined(part(keyValue, 0, plain), turn(turning, t)),
              part(keyValue, plain, attention.valueDim())));
    }
    return heads;
  }

  private double[] turn(double[] head, int position) {
    return NaiveRope.turn(rope, head, position, documents.length);
  }

  private double[] weight(LayerParameter slot) {
    return weights.at(layer, slot);
  }

  private static double[] joined(double[] a, double[] b) {
    double[] result = new double[a.length + b.length];
    System.arraycopy(a, 0, result, 0, a.length);
    System.arraycopy(b, 0, result, a.length, b.length);
    return result;
  }
}

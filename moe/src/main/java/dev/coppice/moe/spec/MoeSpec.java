package dev.coppice.moe.spec;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import java.util.Optional;

/**
 * Shape of a Mixture-of-Experts decoder, and the counts that follow from it.
 *
 * <p>Counts are of weights (elements, not bytes). <em>Active</em> weights are those that one token
 * is multiplied with: attention, norms, router, the K chosen experts, the head; not the look-up in
 * the input embedding. A tied head is therefore counted once in {@link #parameterCount()} and once
 * in {@link #activeParameterCount()}.
 *
 * <p><b>Source</b>: 6·N_active FLOPs a trained token is the convention of the orthogonal-growth
 * paper (arXiv 2510.08008); {@link #attentionFlopsPerToken(int)} adds what that convention leaves
 * out.
 *
 * @param family name of the family, such as {@code qwen3_moe}
 * @param vocabularySize rows V of the embedding
 * @param hiddenSize model width D
 * @param attention attention of every layer
 * @param router router of every mixture layer
 * @param layers feed-forward half of each layer, in order
 * @param normEpsilon epsilon of every RMS norm
 * @param tiedHead whether the head is the embedding
 * @param maxPositions longest sequence that the model is made for
 */
public record MoeSpec(
    String family,
    int vocabularySize,
    int hiddenSize,
    AttentionSpec attention,
    RouterSpec router,
    ImmutableList<LayerSpec> layers,
    double normEpsilon,
    boolean tiedHead,
    int maxPositions) {
  /** No sum of weights or FLOPs overflows below it. */
  private static final double MAX_PARAMETERS = 1e17;

  /** Checks signs and size; an empty layer list is refused. */
  public MoeSpec {
    checkArgument(vocabularySize > 0, "vocabulary must be positive, got %s", vocabularySize);
    checkArgument(hiddenSize > 0, "hidden size must be positive, got %s", hiddenSize);
    checkArgument(!layers.isEmpty(), "a model must have a layer, got none");
    checkArgument(normEpsilon > 0, "norm epsilon must be positive, got %s", normEpsilon);
    checkArgument(maxPositions > 0, "max positions must be positive, got %s", maxPositions);
    double parameters = roughParameters(vocabularySize, hiddenSize, attention, layers);
    checkArgument(
        parameters < MAX_PARAMETERS,
        "a model must have fewer than 10^17 parameters, got about %s",
        parameters);
  }

  /** An upper bound, in floating point, which cannot overflow. */
  private static double roughParameters(
      int vocabulary, int hidden, AttentionSpec attention, Iterable<LayerSpec> layers) {
    double each = 4.0 * attention.heads() * attention.headDim() + 2;
    double rows = 2.0 * vocabulary + 1;
    for (LayerSpec layer : layers) {
      rows += each;
      rows +=
          layer instanceof LayerSpec.Moe moe
              ? moe.experts() * (3.0 * moe.expertWidth() + 1)
              : 3.0 * ((LayerSpec.Dense) layer).width();
    }
    return rows * hidden;
  }

  /** Number of layers. */
  public int layerCount() {
    return layers.size();
  }

  /** The first mixture layer, which speaks for all where a family has one expert count. */
  public Optional<LayerSpec.Moe> firstMoe() {
    return layers.stream()
        .filter(LayerSpec.Moe.class::isInstance)
        .map(LayerSpec.Moe.class::cast)
        .findFirst();
  }

  /** All weights, elements; a tied head once. */
  public long parameterCount() {
    long embedding = (long) vocabularySize * hiddenSize;
    long layerSum = layers.stream().mapToLong(this::layerParameters).sum();
    return embedding + (tiedHead ? 0 : embedding) + hiddenSize + layerSum;
  }

  /** Weights that one token is multiplied with, elements. */
  public long activeParameterCount() {
    long head = (long) vocabularySize * hiddenSize;
    long layerSum = layers.stream().mapToLong(this::activeLayerParameters).sum();
    return head + hiddenSize + layerSum;
  }

  /** Training FLOPs a token by the 6·N_active convention. */
  public long flopsPerToken() {
    return Math.multiplyExact(6, activeParameterCount());
  }

  /**
   * Training FLOPs a token that attention scores and their sums add, over the full square, forward
   * and backward: 12·heads·headDim·S a layer.
   *
   * @param sequenceLength S
   */
  public long attentionFlopsPerToken(int sequenceLength) {
    long perLayer = 12L * attention.heads() * attention.headDim() * sequenceLength;
    return perLayer * layers.size();
  }

  private long layerParameters(LayerSpec layer) {
    return sharedLayerParameters() + feedForwardParameters(layer, false);
  }

  private long activeLayerParameters(LayerSpec layer) {
    return sharedLayerParameters() + feedForwardParameters(layer, true);
  }

  private long sharedLayerParameters() {
    long query = (long) attention.heads() * attention.headDim() * hiddenSize;
    long keyValue = (long) attention.keyValueHeads() * attention.headDim() * hiddenSize;
    long headNorms = attention.headNorm() ? 2L * attention.headDim() : 0;
    return 2 * query + 2 * keyValue + headNorms + 2L * hiddenSize;
  }

  private long feedForwardParameters(LayerSpec layer, boolean activeOnly) {
    if (layer instanceof LayerSpec.Moe moe) {
      long expert = 3L * hiddenSize * moe.expertWidth();
      long router = (long) moe.experts() * hiddenSize;
      return router + expert * (activeOnly ? moe.topK() : moe.experts());
    }
    return 3L * hiddenSize * ((LayerSpec.Dense) layer).width();
  }
}

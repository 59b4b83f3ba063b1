package dev.coppice.moe.spec;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import java.util.Optional;

/**
 * Shape of a Mixture-of-Experts decoder, and the counts that follow from it.
 *
 * <p>Counts are of weights (elements, not bytes). <em>Active</em> weights are those that one token
 * is multiplied with: attention, norms, biases, sinks, router, the K chosen experts, the shared
 * expert, the head; not the look-up in the input embedding. A tied head is therefore counted once
 * in {@link #parameterCount()} and once in {@link #activeParameterCount()}. A router's selection
 * bias is in neither: nothing is multiplied with it, no gradient reaches it, and transformers does
 * not call it a parameter.
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
 * @param windows how far each layer's attention sees: 0 all that came before, w a token and the w −
 *     1 before it; empty if all layers see all
 * @param gate gated unit of experts and dense layers
 * @param multipliers constant factors
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
    int maxPositions,
    ImmutableList<Integer> windows,
    GateSpec gate,
    Multipliers multipliers) {
  /** No sum of weights or FLOPs overflows below it. */
  private static final double MAX_PARAMETERS = 1e17;

  /** Checks signs and size; an empty layer list is refused. */
  public MoeSpec {
    checkArgument(vocabularySize > 0, "vocabulary must be positive, got %s", vocabularySize);
    checkArgument(hiddenSize > 0, "hidden size must be positive, got %s", hiddenSize);
    checkArgument(!layers.isEmpty(), "a model must have a layer, got none");
    checkArgument(normEpsilon > 0, "norm epsilon must be positive, got %s", normEpsilon);
    checkArgument(maxPositions > 0, "max positions must be positive, got %s", maxPositions);
    checkArgument(
        windows.isEmpty() || windows.size() == layers.size(),
        "windows must be one for each of the %s layers, got %s",
        layers.size(),
        windows.size());
    checkArgument(
        windows.stream().allMatch(window -> window >= 0),
        "windows must not be negative, got %s",
        windows);
    layers.stream()
        .flatMap(layer -> layer.mixture().stream())
        .distinct()
        .forEach(moe -> checkGroups(router, moe));
    double parameters = roughParameters(vocabularySize, hiddenSize, attention, layers);
    checkArgument(
        parameters < MAX_PARAMETERS,
        "a model must have fewer than 10^17 parameters, got about %s",
        parameters);
  }

  /** A model whose layers see everything, with plain gates and no multipliers. */
  public MoeSpec(
      String family,
      int vocabularySize,
      int hiddenSize,
      AttentionSpec attention,
      RouterSpec router,
      ImmutableList<LayerSpec> layers,
      double normEpsilon,
      boolean tiedHead,
      int maxPositions) {
    this(
        family,
        vocabularySize,
        hiddenSize,
        attention,
        router,
        layers,
        normEpsilon,
        tiedHead,
        maxPositions,
        ImmutableList.of(),
        GateSpec.SWIGLU,
        Multipliers.NONE);
  }

  private static void checkGroups(RouterSpec router, LayerSpec.Moe moe) {
    int groups = router.groups();
    checkArgument(
        moe.experts() % groups == 0,
        "router groups must divide the %s experts, got %s",
        moe.experts(),
        groups);
    int inGroup = moe.experts() / groups;
    boolean two = groups > 1 && router.groupScore() == RouterSpec.GroupScore.TOP_TWO_SUM;
    checkArgument(
        !two || inGroup >= 2, "a group must have two experts to sum, got %s groups", groups);
    checkArgument(
        moe.topK() <= (long) router.topGroups() * inGroup,
        "top-k must be at most the %s experts of the chosen groups, got %s",
        (long) router.topGroups() * inGroup,
        moe.topK());
  }

  /** An upper bound, in floating point, which cannot overflow. */
  private static double roughParameters(
      int vocabulary, int hidden, AttentionSpec attention, Iterable<LayerSpec> layers) {
    double each = attention.parameterCount(hidden);
    double sum = (2.0 * vocabulary + 1) * hidden;
    for (LayerSpec layer : layers) {
      sum += each + 2.0 * hidden + roughFeedForward(layer) * hidden;
    }
    return sum;
  }

  /** Rows of width D, biases counted as if they were. */
  private static double roughFeedForward(LayerSpec layer) {
    return layer.fold(
        dense -> 3.0 * dense.width(),
        moe -> moe.experts() * (5.0 * moe.expertWidth() + 3) + 3.0 * moe.sharedWidth() + 1);
  }

  /** Number of layers. */
  public int layerCount() {
    return layers.size();
  }

  /** The first mixture layer, which stands for all where a family has one expert count. */
  public Optional<LayerSpec.Moe> firstMoe() {
    return layers.stream().flatMap(layer -> layer.mixture().stream()).findFirst();
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

  /** Layers with routed experts. */
  public long mixtures() {
    return layers.stream().filter(LayerSpec.Moe.class::isInstance).count();
  }

  /** Training FLOPs a token by the 6·N_active convention. */
  public long flopsPerToken() {
    return Math.multiplyExact(6, activeParameterCount());
  }

  /**
   * Training FLOPs a token that attention scores and their sums add, forward and backward, over the
   * full square, or over the band that a window leaves: 6·heads·(score width + value width)·S a
   * layer.
   *
   * @param sequenceLength S
   */
  public long attentionFlopsPerToken(int sequenceLength) {
    long perKey = 6L * attention.heads() * ((long) attention.scoreDim() + attention.valueDim());
    long keys = 0;
    for (int layer = 0; layer < layers.size(); layer++) {
      int window = window(layer);
      keys += window == 0 ? sequenceLength : Math.min(window, sequenceLength);
    }
    return perKey * keys;
  }

  /**
   * How far a layer's attention sees: 0 all that came before, w a token and the w − 1 before it.
   *
   * @param layer index of the layer
   */
  public int window(int layer) {
    return windows.isEmpty() ? 0 : windows.get(layer);
  }

  private long layerParameters(LayerSpec layer) {
    return sharedLayerParameters() + feedForwardParameters(layer, false);
  }

  private long activeLayerParameters(LayerSpec layer) {
    return sharedLayerParameters() + feedForwardParameters(layer, true);
  }

  private long sharedLayerParameters() {
    return attention.parameterCount(hiddenSize) + 2L * hiddenSize;
  }

  private long feedForwardParameters(LayerSpec layer, boolean activeOnly) {
    return layer.fold(
        dense -> 3L * hiddenSize * dense.width(), moe -> mixtureParameters(moe, activeOnly));
  }

  private long mixtureParameters(LayerSpec.Moe moe, boolean activeOnly) {
    long biases = gate.bias() ? 2L * moe.expertWidth() + hiddenSize : 0;
    long expert = 3L * hiddenSize * moe.expertWidth() + biases;
    long routerRow = hiddenSize + (router.bias() ? 1L : 0);
    long shared = 3L * hiddenSize * moe.sharedWidth() + (moe.sharedGate() ? hiddenSize : 0);
    return routerRow * moe.experts() + expert * (activeOnly ? moe.topK() : moe.experts()) + shared;
  }
}

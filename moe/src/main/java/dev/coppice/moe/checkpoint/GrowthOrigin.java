package dev.coppice.moe.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import java.util.Optional;

/**
 * Which layers and experts of a checkpoint its last growth added.
 *
 * <p>What an earlier growth added is old to the last one: only the lineage's own {@code origin}
 * counts, never that of a {@code parent}. Training keeps the lineage, so that it says the same
 * after any number of steps.
 */
public final class GrowthOrigin {
  private final ImmutableList<Integer> sourceLayers;
  private final ImmutableSet<Integer> newLayers;
  private final ImmutableList<ImmutableSet<Integer>> newExperts;

  private GrowthOrigin(
      ImmutableList<Integer> sourceLayers,
      ImmutableSet<Integer> newLayers,
      ImmutableList<ImmutableSet<Integer>> newExperts) {
    this.sourceLayers = sourceLayers;
    this.newLayers = newLayers;
    this.newExperts = newExperts;
  }

  /**
   * What a lineage says.
   *
   * @param lineage of a checkpoint, trained since or not
   * @return empty if it is of no growth, or of one before lineages said so
   * @throws CoppiceException INPUT_INVALID if its origin is malformed
   */
  public static Optional<GrowthOrigin> of(Lineage lineage) {
    JsonNode origin = lineage.json().path("origin");
    return origin.isMissingNode() ? Optional.empty() : Optional.of(read(origin));
  }

  private static GrowthOrigin read(JsonNode origin) {
    ImmutableList<Integer> layers = indices(origin, "layers", Integer.MAX_VALUE);
    ImmutableSet<Integer> added = ImmutableSet.copyOf(indices(origin, "new_layers", layers.size()));
    JsonNode experts = origin.path("new_experts");
    if (experts.isArray() && experts.size() != layers.size()) {
      throw malformed("new_experts must name each of " + layers.size() + " layers", experts);
    }
    ImmutableList.Builder<ImmutableSet<Integer>> byLayer = ImmutableList.builder();
    for (int layer = 0; layer < layers.size(); layer++) {
      byLayer.add(experts(experts.isArray() ? experts.get(layer) : experts));
    }
    return new GrowthOrigin(layers, added, byLayer.build());
  }

  private static ImmutableSet<Integer> experts(JsonNode json) {
    if (json.isMissingNode() || json.isNull()) {
      return ImmutableSet.of();
    }
    if (!json.path("count").isInt()) {
      throw malformed("count of new_experts must be a number of experts", json.path("count"));
    }
    return ImmutableSet.copyOf(indices(json, "indices", json.path("count").intValue()));
  }

  private static ImmutableList<Integer> indices(JsonNode json, String key, int count) {
    JsonNode array = json.path(key);
    if (!array.isArray()) {
      throw malformed(key + " must be a list of indices", array);
    }
    ImmutableList.Builder<Integer> indices = ImmutableList.builder();
    for (JsonNode index : array) {
      if (!index.isInt() || index.intValue() < 0 || index.intValue() >= count) {
        throw malformed(key + " must lie in 0.." + (count - 1), index);
      }
      indices.add(index.intValue());
    }
    return indices.build();
  }

  private static CoppiceException malformed(String rule, JsonNode value) {
    return new CoppiceException(
        ExitCode.INPUT_INVALID, "origin of a lineage is malformed: " + rule + ", got " + value);
  }

  /** Layer of the growth's source that each layer is, or is a copy of. */
  public ImmutableList<Integer> sourceLayers() {
    return sourceLayers;
  }

  /**
   * Whether the growth added a layer.
   *
   * @param layer its index; false for one that the model does not have
   */
  public boolean newLayer(int layer) {
    return newLayers.contains(layer);
  }

  /**
   * Whether the growth added an expert to its layer; in a new layer, whether it is a copy beside
   * the layer's other experts.
   *
   * @param layer index of a layer with experts; of no other where experts of all layers are alike
   * @param expert its index; false for one that the layer does not have
   */
  public boolean newExpert(int layer, int expert) {
    return layer >= 0 && layer < newExperts.size() && newExperts.get(layer).contains(expert);
  }
}

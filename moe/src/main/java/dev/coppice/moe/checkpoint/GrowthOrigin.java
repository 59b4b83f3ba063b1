package dev.coppice.moe.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.util.List;
import java.util.Optional;

/**
 * Which layers and experts of a checkpoint its last growth added, and the format of this record.
 *
 * <p>It is the object {@code origin} of a lineage in {@code coppice.json}:
 *
 * <ul>
 *   <li>{@code layers}: for each layer, the layer of the growth's source that it is or copies;
 *   <li>{@code new_layers}: indices of the layers that the growth added, ascending;
 *   <li>{@code new_experts}: an object with {@code count}, the number of experts of a layer, and
 *       {@code indices}, those that the growth added, ascending. One object stands for every layer
 *       that has experts. Where layers differ it is an array with an object for each layer, {@code
 *       null} for one without experts. It is left out where no layer has experts.
 * </ul>
 *
 * <p>Only the lineage's own {@code origin} counts, never that of a {@code parent}: layers of an
 * earlier growth are old to the last one. Training keeps the lineage, and so the origin.
 *
 * @param layers of the checkpoint, in order
 */
public record GrowthOrigin(ImmutableList<Layer> layers) {
  /** Key of the object in a lineage. */
  public static final String KEY = "origin";

  /**
   * One layer.
   *
   * @param source layer of the growth's source that it is, or is a copy of
   * @param isNew whether the growth added it
   * @param experts its experts; those of the other layers, where a file names them once for all
   */
  public record Layer(int source, boolean isNew, Experts experts) {}

  /**
   * The experts of a layer.
   *
   * @param count how many there are; 0 in a dense layer
   * @param added indices of those that the growth added; in a new layer, of those that are copies
   *     beside the layer's other experts
   */
  public record Experts(int count, ImmutableSet<Integer> added) {
    private static final Experts NONE = new Experts(0, ImmutableSet.of());
  }

  /**
   * Reads the origin in a lineage.
   *
   * @param lineage of a checkpoint, trained since or not
   * @return empty if it is of no growth, or was written before lineages had an origin
   * @throws CoppiceException INPUT_INVALID if its origin is malformed
   */
  public static Optional<GrowthOrigin> of(Lineage lineage) {
    JsonNode origin = lineage.json().path(KEY);
    return origin.isMissingNode() ? Optional.empty() : Optional.of(read(origin));
  }

  private static GrowthOrigin read(JsonNode origin) {
    ImmutableList<Integer> sources = indices(origin, "layers", Integer.MAX_VALUE);
    ImmutableSet<Integer> added =
        ImmutableSet.copyOf(indices(origin, "new_layers", sources.size()));
    JsonNode experts = origin.path("new_experts");
    if (experts.isArray() && experts.size() != sources.size()) {
      throw malformed("new_experts must name each of " + sources.size() + " layers", experts);
    }
    ImmutableList.Builder<Layer> layers = ImmutableList.builder();
    for (int layer = 0; layer < sources.size(); layer++) {
      JsonNode own = experts.isArray() ? experts.get(layer) : experts;
      layers.add(new Layer(sources.get(layer), added.contains(layer), experts(own)));
    }
    return new GrowthOrigin(layers.build());
  }

  private static Experts experts(JsonNode json) {
    if (json.isMissingNode() || json.isNull()) {
      return Experts.NONE;
    }
    if (!json.path("count").isInt()) {
      throw malformed("count of new_experts must be a number of experts", json.path("count"));
    }
    int count = json.path("count").intValue();
    return new Experts(count, ImmutableSet.copyOf(indices(json, "indices", count)));
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
        ErrorKind.INPUT_INVALID, "origin of a lineage is malformed: " + rule + ", got " + value);
  }

  /** The origin as a lineage has it under {@link #KEY}. */
  public ObjectNode toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    ArrayNode sources = json.putArray("layers");
    ArrayNode added = json.putArray("new_layers");
    for (int layer = 0; layer < layers.size(); layer++) {
      sources.add(layers.get(layer).source());
      if (layers.get(layer).isNew()) {
        added.add(layer);
      }
    }
    putExperts(json);
    return json;
  }

  private void putExperts(ObjectNode json) {
    List<Experts> kinds =
        layers.stream().map(Layer::experts).filter(e -> e.count() > 0).distinct().toList();
    if (kinds.size() == 1) {
      putExperts(json.putObject("new_experts"), kinds.get(0));
    } else if (kinds.size() > 1) {
      ArrayNode byLayer = json.putArray("new_experts");
      for (Layer layer : layers) {
        if (layer.experts().count() > 0) {
          putExperts(byLayer.addObject(), layer.experts());
        } else {
          byLayer.addNull();
        }
      }
    }
  }

  private static void putExperts(ObjectNode json, Experts experts) {
    ArrayNode indices = json.put("count", experts.count()).putArray("indices");
    experts.added().forEach(indices::add);
  }

  /** Layer of the growth's source that each layer is, or is a copy of. */
  public ImmutableList<Integer> sourceLayers() {
    return layers.stream().map(Layer::source).collect(ImmutableList.toImmutableList());
  }

  /**
   * Whether the growth added a layer.
   *
   * @param layer its index; false for one that the model does not have
   */
  public boolean newLayer(int layer) {
    return has(layer) && layers.get(layer).isNew();
  }

  /**
   * Whether the growth added an expert to its layer; in a new layer, whether it is a copy beside
   * the layer's other experts.
   *
   * @param layer index of a layer with experts; of no other where experts of all layers are alike
   * @param expert its index; false for one that the layer does not have
   */
  public boolean newExpert(int layer, int expert) {
    return has(layer) && layers.get(layer).experts().added().contains(expert);
  }

  private boolean has(int layer) {
    return layer >= 0 && layer < layers.size();
  }
}

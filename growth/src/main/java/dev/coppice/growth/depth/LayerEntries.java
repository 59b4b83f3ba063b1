package dev.coppice.growth.depth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import java.util.stream.IntStream;

/** Lists of a configuration about layers, as they are behind a layer map. */
final class LayerEntries {
  private LayerEntries() {}

  /** A list, or pattern string, with an entry a layer; entries beyond the layers stay behind. */
  static JsonNode repeated(JsonNode perLayer, LayerMap map) {
    if (perLayer.isTextual()) {
      StringBuilder pattern = new StringBuilder(map.size());
      map.sources().forEach(source -> pattern.append(perLayer.textValue().charAt(source)));
      pattern.append(perLayer.textValue(), map.sourceLayers(), perLayer.textValue().length());
      return TextNode.valueOf(pattern.toString());
    }
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    map.map(ImmutableList.copyOf(perLayer)).forEach(array::add);
    // entries beyond the layers are those of next-token-prediction layers
    for (int rest = map.sourceLayers(); rest < perLayer.size(); rest++) {
      array.add(perLayer.get(rest));
    }
    return array;
  }

  /**
   * A list of layer indices: an output layer is listed if its source was.
   *
   * @param base the first layer's index
   */
  static ArrayNode reindexed(JsonNode indices, int base, LayerMap map) {
    ImmutableSet.Builder<Integer> listed = ImmutableSet.builder();
    indices.forEach(index -> listed.add(index.intValue() - base));
    ImmutableSet<Integer> sources = listed.build();
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    IntStream.range(0, map.size())
        .filter(layer -> sources.contains(map.sources().get(layer)))
        .forEach(layer -> array.add(layer + base));
    return array;
  }
}

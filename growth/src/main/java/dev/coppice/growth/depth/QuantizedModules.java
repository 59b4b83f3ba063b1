package dev.coppice.growth.depth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.GrowthPlan;
import dev.coppice.moe.anatomy.ConfigPath;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Carries lists of unquantised modules through depth growth.
 *
 * <p>Such lists name modules layer by layer; a copy whose router is missing from them would be
 * taken for quantised.
 */
final class QuantizedModules {
  private static final ImmutableList<String> LISTS =
      ImmutableList.of(
          "quantization_config.modules_to_not_convert",
          "quantization_config.ignore",
          "quantization_config.ignored_layers",
          "compression_config.ignore");

  /** A module of a layer: what stands before the index, the index, what follows. */
  private static final Pattern MODULE =
      Pattern.compile("((?:.*\\.)?(?:layers|blocks|h)\\.)(\\d+)((?:\\..*)?)");

  private final LayerMap map;
  private final boolean mtpMoves;

  private QuantizedModules(LayerMap map, boolean mtpMoves) {
    this.map = map;
    this.mtpMoves = mtpMoves;
  }

  /** Repeats what a configuration lists, in place. */
  static void grow(ObjectNode config, GrowthPlan plan, LayerMap map) {
    boolean mtpMoves =
        plan.family().traits().mtp().stream()
            .anyMatch(mtp -> Boolean.TRUE.equals(mtp.afterLayers()));
    QuantizedModules modules = new QuantizedModules(map, mtpMoves);
    for (String path : LISTS) {
      if (ConfigPath.get(config, path) instanceof ArrayNode list) {
        ConfigPath.set(config, path, modules.grown(list));
      }
    }
  }

  private ArrayNode grown(ArrayNode list) {
    Set<String> names = new LinkedHashSet<>();
    for (JsonNode entry : list) {
      Matcher module = MODULE.matcher(entry.asText());
      if (!entry.isTextual() || !module.matches() || module.group(2).length() > 9) {
        names.add(entry.asText());
        continue;
      }
      int layer = Integer.parseInt(module.group(2));
      for (int place : places(layer)) {
        names.add(module.group(1) + place + module.group(3));
      }
    }
    ArrayNode grown = JsonNodeFactory.instance.arrayNode();
    names.forEach(grown::add);
    return grown;
  }

  private ImmutableList<Integer> places(int layer) {
    if (layer < map.sourceLayers()) {
      return map.places(layer);
    }
    return ImmutableList.of(mtpMoves ? layer - map.sourceLayers() + map.size() : layer);
  }
}

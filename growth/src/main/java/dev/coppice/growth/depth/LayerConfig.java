package dev.coppice.growth.depth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Streams;
import dev.coppice.growth.ConfigCounts;
import dev.coppice.growth.ConfigCounts.CountChange;
import dev.coppice.growth.GrowthPlan;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.moe.family.ConfigKeys;
import dev.coppice.moe.spec.LayerSpec;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What depth growth does to {@code config.json}: finds the config that says what the layer map made
 * of the layers, and refuses where none can.
 *
 * <p>Rules, on the raw tree, so that unknown keys and their order survive:
 *
 * <ul>
 *   <li>every name of the layer count gets the new count;
 *   <li>a list of layer indices (ascending, below the layer count, under a name with "layer") is
 *       re-indexed: an output layer is listed if its source was;
 *   <li>any other list as long as the model is deep holds an entry a layer, and is repeated by the
 *       map;
 *   <li>{@code max_window_layers} moves to the same cut;
 *   <li>which layers are dense must read back as the map has it; if the rule that the config states
 *       cannot say it, the dense layers are listed by index.
 * </ul>
 */
final class LayerConfig {
  private static final String WINDOW_LAYERS = "max_window_layers";

  /** Lists whose length has nothing to do with layers, though it may happen to be the same. */
  private static final ImmutableSet<String> NOT_PER_LAYER =
      ImmutableSet.of("architectures", "bos_token_id", "eos_token_id", "pad_token_id");

  private final GrowthPlan plan;
  private final LayerMap map;
  private final ConfigKeys keys;
  private final ObjectNode config;

  private LayerConfig(GrowthPlan plan, LayerMap map) {
    this.plan = plan;
    this.map = map;
    this.keys = plan.family().keys();
    this.config = plan.config();
  }

  /**
   * The config of the deepened model.
   *
   * @throws CoppiceException INPUT_INVALID if no config of the family can describe it
   */
  static ObjectNode grow(GrowthPlan plan, LayerMap map) {
    LayerConfig layers = new LayerConfig(plan, map);
    layers.growLists();
    layers.growCount();
    layers.growWindow();
    layers.growKinds();
    return layers.config;
  }

  private void growCount() {
    CountChange change = new CountChange(map.sourceLayers(), map.size());
    ConfigCounts.set(config, keys.layers(), ConfigCounts.LAYERS, change);
  }

  private void growLists() {
    for (Map.Entry<String, JsonNode> entry : plan.config().properties()) {
      if (entry.getValue() instanceof ArrayNode list && !NOT_PER_LAYER.contains(entry.getKey())) {
        if (isIndexList(entry.getKey(), list)) {
          config.set(entry.getKey(), reindexed(list));
        } else if (list.size() == map.sourceLayers()) {
          config.set(entry.getKey(), array(map.map(ImmutableList.copyOf(list))));
        }
      }
    }
  }

  private boolean isIndexList(String key, ArrayNode list) {
    if (keys.denseLayers().contains(key)) {
      return true;
    }
    boolean indices =
        key.toLowerCase(Locale.ROOT).contains("layer")
            && Streams.stream(list).allMatch(JsonNode::isInt);
    int last = -1;
    for (JsonNode index : list) {
      indices &= index.intValue() > last && index.intValue() < map.sourceLayers();
      last = index.intValue();
    }
    return indices && !list.isEmpty();
  }

  private ArrayNode reindexed(ArrayNode list) {
    ImmutableSet<Integer> listed =
        Streams.stream(list).map(JsonNode::intValue).collect(ImmutableSet.toImmutableSet());
    return indices(IntStream.range(0, map.size()).filter(i -> listed.contains(source(i))));
  }

  /** Layers from {@code max_window_layers} on look through a window; the cut moves with them. */
  private void growWindow() {
    JsonNode cut = config.path(WINDOW_LAYERS);
    if (!cut.isInt()) {
      return;
    }
    int windowed =
        (int) IntStream.range(0, map.size()).filter(i -> source(i) >= cut.intValue()).count();
    int grown = map.size() - windowed;
    boolean suffix = IntStream.range(0, grown).allMatch(i -> source(i) < cut.intValue());
    boolean used = config.path("use_sliding_window").asBoolean(true);
    if (!suffix && used) {
      throw refusal(WINDOW_LAYERS + " can only name a first layer with a window");
    }
    config.put(WINDOW_LAYERS, windowed == 0 ? Math.max(cut.intValue(), map.size()) : grown);
  }

  /** Makes the config say which layers are dense. */
  private void growKinds() {
    ImmutableList<LayerSpec> wanted = map.map(plan.spec().layers());
    if (plan.family().spec(config).layers().equals(wanted)) {
      return;
    }
    if (keys.denseLayers().isEmpty()) {
      throw refusal("family " + plan.family().name() + " cannot list its dense layers");
    }
    keys.sparseStep().stream().filter(config::has).forEach(key -> config.put(key, 1));
    config.set(
        keys.denseLayers().get(0),
        indices(
            IntStream.range(0, map.size()).filter(i -> wanted.get(i) instanceof LayerSpec.Dense)));
    if (!plan.family().spec(config).layers().equals(wanted)) {
      throw refusal("its rules for dense layers cannot be rewritten as a list");
    }
  }

  private int source(int layer) {
    return map.sources().get(layer);
  }

  private CoppiceException refusal(String why) {
    return new CoppiceException(
        ExitCode.INPUT_INVALID,
        String.format(
            Locale.ROOT,
            "no config.json of family %s can describe the grown layers, since %s (source layers of"
                + " the output: %s)",
            plan.family().name(),
            why,
            map.sources()));
  }

  private static ArrayNode indices(IntStream layers) {
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    layers.forEach(array::add);
    return array;
  }

  private static ArrayNode array(Iterable<JsonNode> nodes) {
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    nodes.forEach(array::add);
    return array;
  }
}

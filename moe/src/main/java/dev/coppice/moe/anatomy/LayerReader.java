package dev.coppice.moe.anatomy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.ImmutableSortedMap;
import dev.coppice.moe.anatomy.FamilyTraits.IndexList;
import dev.coppice.moe.anatomy.FamilyTraits.Periodic;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Reads out of a configuration what it says of each layer. */
public final class LayerReader {
  /** Lists whose length has nothing to do with layers, though it may happen to be the same. */
  private static final ImmutableSet<String> NOT_PER_LAYER =
      ImmutableSet.of("architectures", "bos_token_id", "eos_token_id", "pad_token_id");

  /** Far beyond any model; a list of so many is still small. */
  private static final int MAX_LAYERS = 100_000;

  private final FamilyTraits traits;
  private final ConfigView written;
  private final ConfigView config;
  private final int layers;

  /**
   * A reader.
   *
   * @param traits how the family says things
   * @param config what it says
   * @throws dev.coppice.moe.safetensors.CheckpointFormatException if there is no layer count
   */
  public LayerReader(FamilyTraits traits, ConfigView config) {
    this.traits = traits;
    this.written = config;
    this.layers = layerCount(config);
    if (layers > MAX_LAYERS) {
      throw ConfigView.bad(
          traits.layers().get(0) + " must be at most " + MAX_LAYERS + ", got " + layers);
    }
    ConfigView effective = config;
    for (DerivedList list : traits.derivedLists()) {
      if (list.applies(effective)) {
        effective = effective.with(list.key(), derived(list, effective));
      }
    }
    this.config = effective;
  }

  private ArrayNode derived(DerivedList list, ConfigView view) {
    ArrayNode entries = JsonNodeFactory.instance.arrayNode();
    for (int layer = 0; layer < layers; layer++) {
      entries.add(list.entry(view, layer));
    }
    return entries;
  }

  /** The configuration with the lists that readers make up written out. */
  public ConfigView effective() {
    return config;
  }

  /** Number of layers. */
  public int layers() {
    return layers;
  }

  private int layerCount(ConfigView view) {
    for (String key : traits.layerPattern()) {
      JsonNode pattern = view.value(key);
      if (pattern.isTextual()) {
        return pattern.textValue().length();
      }
      if (pattern.isArray()) {
        return pattern.size();
      }
    }
    return view.positive(traits.layers());
  }

  /** What the configuration says of each layer, first layer first. */
  public ImmutableList<LayerShape> read() {
    ImmutableSet<IndexList> indexLists = indexLists();
    ImmutableList.Builder<LayerShape> shapes = ImmutableList.builder();
    for (int layer = 0; layer < layers; layer++) {
      Map<String, String> said = new TreeMap<>();
      for (Map.Entry<String, JsonNode> entry : config.root().properties()) {
        if (isPerLayer(entry.getKey(), entry.getValue())) {
          said.put(entry.getKey(), entry(entry.getValue(), layer));
        }
      }
      for (IndexList list : indexLists) {
        said.put(list.key(), Boolean.toString(isListed(list, layer)));
      }
      for (Periodic rule : traits.periodic()) {
        said.put(rule.period(), Boolean.toString(holds(rule, layer)));
      }
      shapes.add(shape(layer, ImmutableSortedMap.copyOf(said)));
    }
    return shapes.build();
  }

  /** All lists of layer indices that the configuration has. */
  public ImmutableSet<IndexList> indexLists() {
    ImmutableSet.Builder<IndexList> lists = ImmutableSet.builder();
    for (Map.Entry<String, JsonNode> entry : config.root().properties()) {
      if (isIndexList(entry.getKey(), entry.getValue())) {
        lists.add(new IndexList(entry.getKey(), 0));
      }
    }
    traits.indexLists().stream().filter(list -> config.has(list.key())).forEach(lists::add);
    return lists.build();
  }

  private LayerShape shape(int layer, ImmutableSortedMap<String, String> said) {
    boolean moe = isMoe(layer);
    return new LayerShape(
        moe, moe ? count(traits.experts(), layer) : 0, moe ? count(traits.topK(), layer) : 0, said);
  }

  private static String entry(JsonNode list, int layer) {
    return list.isTextual()
        ? list.textValue().substring(layer, layer + 1)
        : list.get(layer).toString();
  }

  /** Which layers hold experts, first layer first. */
  public ImmutableList<Boolean> kinds() {
    return IntStream.range(0, layers)
        .mapToObj(this::isMoe)
        .collect(ImmutableList.toImmutableList());
  }

  /** Whether a layer holds experts: the first alternative that applies decides. */
  private boolean isMoe(int layer) {
    for (ImmutableList<KindRule> alternative : traits.kinds()) {
      if (alternative.get(0).applies(config)) {
        return alternative.stream().allMatch(rule -> rule.isMoe(config, layer, layers));
      }
    }
    return true;
  }

  private int count(ImmutableList<String> aliases, int layer) {
    JsonNode value = config.value(aliases);
    if (value.isArray()) {
      if (value.size() != layers) {
        throw ConfigView.bad(
            aliases.get(0)
                + " must have an entry for each of the "
                + layers
                + " layers, got "
                + value);
      }
      return ConfigView.number(value.get(layer), aliases.get(0), 1);
    }
    return config.positive(aliases);
  }

  /** Whether a value holds an entry a layer. */
  public boolean isPerLayer(String key, JsonNode value) {
    if (traits.layerLists().contains(key)) {
      return (value.isTextual() ? value.textValue().length() : value.size()) >= layers;
    }
    if (value.isTextual()) {
      return traits.layerPattern().contains(key) && value.textValue().length() == layers;
    }
    return value.isArray()
        && value.size() == layers
        && !NOT_PER_LAYER.contains(key)
        && !traits.notLayers().contains(key)
        && !isIndexList(key, value);
  }

  /**
   * Whether a value lists layers by index: it is said to, or its name has "layer" in it and it
   * ascends below the layer count.
   */
  public boolean isIndexList(String key, JsonNode value) {
    boolean said =
        traits.kinds().stream()
            .flatMap(List::stream)
            .anyMatch(
                rule ->
                    (rule instanceof KindRule.DenseIndices dense && dense.key().equals(key))
                        || (rule instanceof KindRule.MoeIndices moe && moe.key().equals(key)));
    if (said || !(value instanceof ArrayNode list) || list.isEmpty()) {
      return said && value.isArray();
    }
    boolean indices = key.contains("layer") && !isCount(key);
    int last = -1;
    for (JsonNode index : list) {
      indices &= index.isInt() && index.intValue() > last && index.intValue() < layers;
      last = index.intValue();
    }
    return indices;
  }

  private boolean isCount(String key) {
    return traits.experts().contains(key) || traits.topK().contains(key);
  }

  private boolean isListed(IndexList list, int layer) {
    for (JsonNode index : written.value(list.key())) {
      if (index.asInt(-1) == layer + list.base()) {
        return true;
      }
    }
    return false;
  }

  /** Whether a repeating rule holds for a layer; false where the configuration lacks it. */
  public boolean holds(Periodic rule, int layer) {
    JsonNode period = config.value(rule.period());
    return period.isInt()
        && period.intValue() > 0
        && layer % period.intValue() == config.value(rule.offset()).asInt(0);
  }
}

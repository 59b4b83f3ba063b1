package dev.coppice.moe.anatomy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.ImmutableSortedMap;
import dev.coppice.moe.anatomy.FamilyTraits.IndexList;
import dev.coppice.moe.anatomy.FamilyTraits.Periodic;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Reads out of a configuration what it says of each layer. */
public final class LayerReader {
  /** Far beyond any model; a list of so many is still small. */
  private static final int MAX_LAYERS = 100_000;

  private final FamilyTraits traits;
  private final ConfigView written;
  private final ConfigView config;
  private final int layers;
  private final LayerLists lists;
  private final MtpLayers mtp;

  /**
   * A reader.
   *
   * @param traits how the family says things
   * @param config what it says
   * @throws dev.coppice.moe.safetensors.CheckpointFormatException if there is no layer count
   */
  public LayerReader(FamilyTraits traits, ConfigView config) {
    this(traits, config, 0);
  }

  private LayerReader(FamilyTraits traits, ConfigView config, int mtpLayers) {
    this.traits = traits;
    this.written = config;
    this.layers = layerCount(config);
    if (layers > MAX_LAYERS) {
      throw ConfigView.bad(
          traits.layers().get(0) + " must be at most " + MAX_LAYERS + ", got " + layers);
    }
    this.lists = new LayerLists(traits, layers);
    this.mtp = MtpLayers.of(traits, config, mtpLayers);
    ConfigView effective = config;
    for (DerivedList list : traits.derivedLists()) {
      if (list.applies(effective)) {
        effective = effective.with(list.key(), LayerPeriods.made(list, effective, layers));
      }
    }
    this.config = effective;
  }

  /**
   * The same reader where so many next-token-prediction layers have tensors: lists may have entries
   * for them too.
   */
  public LayerReader withMtp(int mtpLayers) {
    return new LayerReader(traits, written, mtpLayers);
  }

  /** How the family says things. */
  FamilyTraits traits() {
    return traits;
  }

  /** Next-token-prediction layers, as the configuration counts them. */
  MtpLayers mtp() {
    return mtp;
  }

  /** Whether some per-layer list is longer than the model is deep. */
  boolean hasLongLists() {
    return lists.goOn(written.root());
  }

  /** The configuration with the lists that readers make up written out. */
  public ConfigView effective() {
    return config;
  }

  /** Number of layers. */
  public int layers() {
    return layers;
  }

  /** The name under which the configuration says how many layers there are. */
  String layerKey() {
    return traits.layerPattern().stream()
        .filter(written::has)
        .findFirst()
        .orElseGet(() -> written.names(traits.layers()));
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

  /**
   * The configuration's entries of each layer, first layer first.
   *
   * @throws dev.coppice.moe.safetensors.CheckpointFormatException if a per-layer list is too long
   *     or too short
   */
  public ImmutableList<LayerShape> read() {
    lists.check(written.root(), mtp, layerKey());
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
      if (value.size() < layers) {
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

  /** Whether a value holds an entry a layer, and maybe more for next-token-prediction layers. */
  public boolean isPerLayer(String key, JsonNode value) {
    int length = lists.length(key, value);
    if (length >= 0) {
      return length == layers || mtp.mayAdd(length - layers);
    }
    return lists.isByLength(key, value) && !isIndexList(key, value);
  }

  /** The same of a value that must be per layer by its name. */
  public boolean isPerLayerByName(String key, JsonNode value) {
    return lists.length(key, value) >= 0 && isPerLayer(key, value);
  }

  /** Why a value that must be per layer by its name cannot be; empty if it can, or need not. */
  public Optional<String> wrongLength(String key, JsonNode value) {
    return lists.wrongLength(key, value, mtp, layerKey());
  }

  /**
   * Whether a value lists layers by index: it is said to, or its name has "layer" in it and it
   * ascends below the layer count.
   */
  public boolean isIndexList(String key, JsonNode value) {
    boolean said =
        traits.kinds().stream().flatMap(List::stream).anyMatch(rule -> rule.listsIndices(key));
    if (said || !(value instanceof ArrayNode list) || list.isEmpty()) {
      return said && value.isArray();
    }
    if (lists.length(key, value) >= 0) {
      return false;
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

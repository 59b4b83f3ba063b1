package dev.coppice.growth.depth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.coppice.growth.plan.ConfigCounts;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.Refusal;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.anatomy.Anatomy;
import dev.coppice.moe.anatomy.ConfigPath;
import dev.coppice.moe.anatomy.ConfigView;
import dev.coppice.moe.anatomy.DerivedList;
import dev.coppice.moe.anatomy.FamilyTraits;
import dev.coppice.moe.anatomy.FamilyTraits.IndexList;
import dev.coppice.moe.anatomy.KindRule;
import dev.coppice.moe.anatomy.LayerPeriods;
import dev.coppice.moe.anatomy.LayerReader;
import dev.coppice.moe.anatomy.LayerShape;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The change of depth growth to {@code config.json}: finds the config that says what the layer map
 * made of the layers, and refuses where none can.
 *
 * <p>Rules, on the raw tree, so that unknown keys and their order survive:
 *
 * <ul>
 *   <li>every name of the layer count gets the new count;
 *   <li>a list of layer indices is re-indexed: an output layer is listed if its source was;
 *   <li>any other list (or pattern string) as long as the model is deep holds an entry a layer, and
 *       is repeated by the map;
 *   <li>a list that readers would make up is written out where they would now make up another;
 *   <li>a period that such a list contradicts is left out;
 *   <li>{@code max_window_layers} moves to the same cut;
 *   <li>what the new config says of every layer must be what the old one said of its source.
 * </ul>
 */
final class LayerConfig {
  private static final String WINDOW_LAYERS = "max_window_layers";

  private final GrowthPlan plan;
  private final LayerMap map;
  private final Anatomy anatomy;
  private final FamilyTraits traits;
  private final ObjectNode config;
  private final ObjectNode root;

  private LayerConfig(GrowthPlan plan, LayerMap map) {
    this.plan = plan;
    this.map = map;
    this.anatomy = plan.anatomy();
    this.traits = plan.family().traits();
    this.config = plan.config();
    this.root = ConfigView.root(config, traits);
  }

  /**
   * The config of the deepened model.
   *
   * @throws CoppiceException INPUT_INVALID if no config of the family can describe it
   */
  static ObjectNode grow(GrowthPlan plan, LayerMap map) {
    try {
      return describe(plan, map);
    } catch (CoppiceException e) {
      Optional<String> other = OtherGrowths.of(map, source -> canDescribe(plan, source));
      throw other.isEmpty()
          ? e
          : new CoppiceException(e.kind(), e.getMessage() + "; possible: " + other.get());
    }
  }

  private static boolean canDescribe(GrowthPlan plan, LayerMap map) {
    try {
      describe(plan, map);
      return true;
    } catch (CoppiceException e) {
      return false;
    }
  }

  private static ObjectNode describe(GrowthPlan plan, LayerMap map) {
    LayerConfig layers = new LayerConfig(plan, map);
    layers.growLists();
    layers.growCount();
    layers.growPrefixes();
    layers.growWindow();
    LayerKinds kinds = new LayerKinds(layers.root, plan.anatomy(), map);
    kinds.rewriteCounts();
    layers.growDerivedLists();
    kinds.listWhereNeeded();
    layers.dropStalePeriods();
    layers.verify();
    return layers.config;
  }

  private void growCount() {
    ConfigCounts.Change change =
        new ConfigCounts.Change(IntNode.valueOf(map.sourceLayers()), count -> map.size());
    if (traits.layerPattern().stream().noneMatch(anatomy.config()::has)
        || traits.layers().stream().anyMatch(anatomy.config()::has)) {
      ConfigCounts.change(root, traits.layers(), ConfigCounts.LAYERS, change);
    }
  }

  private void growLists() {
    LayerReader reader = anatomy.reader();
    ImmutableSet<IndexList> indexLists = reader.indexLists();
    for (IndexList list : indexLists) {
      ConfigPath.set(
          root,
          list.key(),
          LayerEntries.reindexed(anatomy.config().value(list.key()), list.base(), map));
    }
    for (Map.Entry<String, JsonNode> entry : anatomy.config().root().properties()) {
      if (reader.isPerLayer(entry.getKey(), entry.getValue())) {
        root.set(entry.getKey(), LayerEntries.repeated(entry.getValue(), map));
      }
    }
    new OutsideLists(plan, map).grow(config, root);
  }

  /** Leaves out a period that the grown list contradicts: the list says all. */
  private void dropStalePeriods() {
    LayerReader before = anatomy.reader();
    LayerReader now = reader();
    for (DerivedList rule : LayerPeriods.obeyed(before)) {
      boolean ofFamily =
          traits.derivedLists().contains(rule)
              || traits.kinds().stream()
                  .flatMap(List::stream)
                  .anyMatch(
                      kind ->
                          kind instanceof KindRule.Step step && step.key().equals(rule.every()));
      if (ofFamily
          && rule.hasKey()
          && root.has(rule.every())
          && root.has(rule.key())
          && !LayerPeriods.obeys(rule, now.effective(), LayerPeriods.list(rule, now))) {
        root.remove(rule.every());
      }
    }
  }

  private LayerReader reader() {
    return new LayerReader(traits, ConfigView.of(config, traits)).withMtp(anatomy.mtpLayerCount());
  }

  /** Writes out what readers would now make up in another way than before. */
  private void growDerivedLists() {
    ConfigView before = anatomy.reader().effective();
    for (DerivedList list : traits.derivedLists()) {
      JsonNode old = before.value(list.key());
      boolean made = !anatomy.config().has(list.key()) || isEmpty(anatomy.config(), list);
      if (!made || !old.isArray() || old.size() != map.sourceLayers()) {
        continue;
      }
      JsonNode wanted = LayerEntries.repeated(old, map);
      JsonNode now = reader().effective().value(list.key());
      if (!now.equals(wanted)) {
        ConfigPath.set(root, list.key(), wanted);
      }
    }
  }

  private static boolean isEmpty(ConfigView view, DerivedList list) {
    return view.value(list.key()).isEmpty();
  }

  /** Counts of leading layers follow them, where they still lead. */
  private void growPrefixes() {
    for (String key : traits.prefixes()) {
      JsonNode old = ConfigPath.get(root, key);
      if (!old.isInt()) {
        continue;
      }
      int count = old.intValue();
      int grown = (int) map.sources().stream().filter(source -> source < count).count();
      boolean lead = IntStream.range(0, grown).allMatch(layer -> source(layer) < count);
      if (count >= map.sourceLayers()) {
        ConfigPath.set(root, key, IntNode.valueOf(Math.max(count, map.size())));
      } else if (lead) {
        ConfigPath.set(root, key, IntNode.valueOf(grown));
      }
    }
  }

  /** Layers from {@code max_window_layers} on look through a window; the cut moves with them. */
  private void growWindow() {
    JsonNode cut = root.path(WINDOW_LAYERS);
    if (!cut.isInt() || traits.prefixes().contains(WINDOW_LAYERS)) {
      return;
    }
    int windowed =
        (int) IntStream.range(0, map.size()).filter(i -> source(i) >= cut.intValue()).count();
    int grown = map.size() - windowed;
    boolean suffix = IntStream.range(0, grown).allMatch(i -> source(i) < cut.intValue());
    boolean used =
        root.path("use_sliding_window").asBoolean(true) && !root.hasNonNull("layer_types");
    if (!suffix && used) {
      throw refusal(WINDOW_LAYERS + " can only name a first layer with a window");
    }
    root.put(WINDOW_LAYERS, windowed == 0 ? Math.max(cut.intValue(), map.size()) : grown);
  }

  /** What is said of each output layer is what was said of its source. */
  private void verify() {
    ImmutableList<LayerShape> said;
    try {
      said = reader().read();
    } catch (CoppiceException e) {
      throw refusal("its rules contradict each other there: " + e.getMessage());
    }
    for (int layer = 0; layer < map.size(); layer++) {
      LayerShape wanted = anatomy.layers().get(source(layer));
      LayerShape found = said.get(layer);
      if (wanted.moe() != found.moe()) {
        throw refusal(
            "its rules would call layer " + layer + " " + (found.moe() ? "a mixture" : "dense"));
      }
      for (Map.Entry<String, String> trait : wanted.traits().entrySet()) {
        if (isOfKinds(trait.getKey())) {
          continue; // the kinds have just been compared
        }
        String value = found.traits().get(trait.getKey());
        if (!Objects.equals(value, trait.getValue())) {
          throw refusal(
              String.format(
                  Locale.ROOT,
                  "%s can only hold '%s' for layer %d, not '%s'",
                  trait.getKey(),
                  value,
                  layer,
                  trait.getValue()));
        }
      }
    }
  }

  private boolean isOfKinds(String key) {
    return traits.kinds().stream().flatMap(List::stream).anyMatch(rule -> rule.listsIndices(key));
  }

  private int source(int layer) {
    return map.sources().get(layer);
  }

  private CoppiceException refusal(String why) {
    return Refusal.of(
        plan,
        "describe the grown layers in a config.json",
        why + " (source layers of the output: " + map.sources() + ")");
  }
}

package dev.coppice.moe.anatomy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.google.common.collect.ImmutableList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Numbers by which a model's layers repeat, beside a list that says the same layer by layer.
 *
 * <p>Some programs lay out the layers by the number and never read the list.
 */
public final class LayerPeriods {
  /** Usual names of such numbers, where no rule of the family reads one. */
  private static final Pattern USUAL =
      Pattern.compile(
          ".*(?:_interval|_every_n_layers|_layer_period|_layer_step|sliding_window_pattern)");

  private LayerPeriods() {}

  /** The rules by which a model's layers repeat, and which hold for all of them. */
  public static ImmutableList<DerivedList> obeyed(LayerReader reader) {
    ImmutableList.Builder<DerivedList> rules = ImmutableList.builder();
    ConfigView config = reader.effective();
    for (DerivedList rule : all(reader)) {
      int period = rule.period(config);
      if (period > 1 && period <= reader.layers() && obeys(rule, config, list(rule, reader))) {
        rules.add(rule);
      }
    }
    return rules.build();
  }

  /**
   * Whether a list repeats by a rule.
   *
   * @param rule the rule
   * @param config has the numbers that the rule reads
   * @param list an entry a layer
   */
  public static boolean obeys(DerivedList rule, ConfigView config, List<JsonNode> list) {
    return IntStream.range(0, list.size())
        .allMatch(layer -> rule.entry(config, layer).equals(list.get(layer)));
  }

  /** The model's entries of each layer under a rule; empty where it has no such list. */
  public static ImmutableList<JsonNode> list(DerivedList rule, LayerReader reader) {
    if (isOfKinds(rule, reader)) {
      return reader.kinds().stream()
          .map(BooleanNode::valueOf)
          .collect(ImmutableList.toImmutableList());
    }
    JsonNode list = reader.effective().value(rule.key());
    return list.isArray() && list.size() >= reader.layers()
        ? ImmutableList.copyOf(list).subList(0, reader.layers())
        : ImmutableList.of();
  }

  private static boolean isOfKinds(DerivedList rule, LayerReader reader) {
    return kinds(reader.traits()).stream().anyMatch(kinds -> kinds.key().equals(rule.key()));
  }

  private static ImmutableList<DerivedList> all(LayerReader reader) {
    ImmutableList.Builder<DerivedList> rules = ImmutableList.builder();
    rules.addAll(reader.traits().derivedLists());
    rules.addAll(kinds(reader.traits()));
    for (Map.Entry<String, JsonNode> entry : reader.effective().root().properties()) {
      if (entry.getValue().isInt() && isUsual(entry.getKey(), reader.traits())) {
        rules.addAll(usual(entry.getKey(), entry.getValue().intValue(), reader));
      }
    }
    return rules.build();
  }

  private static boolean isUsual(String key, FamilyTraits traits) {
    boolean read =
        traits.derivedLists().stream().anyMatch(list -> list.every().equals(key))
            || kinds(traits).stream().anyMatch(list -> list.every().equals(key));
    return !read && USUAL.matcher(key).matches();
  }

  /** A rule of kinds that a list of layers with experts overrules. */
  private static ImmutableList<DerivedList> kinds(FamilyTraits traits) {
    List<KindRule> rules = traits.kinds().stream().flatMap(List::stream).toList();
    ImmutableList.Builder<DerivedList> lists = ImmutableList.builder();
    for (KindRule list : rules) {
      for (KindRule step : rules) {
        if (list instanceof KindRule.MoeIndices moe && step instanceof KindRule.Step every) {
          lists.add(
              new DerivedList(
                  moe.key(),
                  every.key(),
                  "",
                  BooleanNode.TRUE,
                  BooleanNode.FALSE,
                  ImmutableList.of(),
                  ImmutableList.of(),
                  ImmutableList.of(),
                  ImmutableList.of(),
                  every.readers()));
        }
      }
    }
    return lists.build();
  }

  /** Lists that repeat by a number of a usual name. */
  private static ImmutableList<DerivedList> usual(String every, int period, LayerReader reader) {
    ImmutableList.Builder<DerivedList> rules = ImmutableList.builder();
    for (Map.Entry<String, JsonNode> entry : reader.effective().root().properties()) {
      JsonNode list = entry.getValue();
      boolean repeats = period > 1 && list.isArray() && list.size() >= Math.max(period, 2);
      if (repeats && reader.isPerLayer(entry.getKey(), list)) {
        JsonNode value = list.get(period - 1);
        rules.add(DerivedList.periodic(entry.getKey(), every, value, list.get(0)));
      }
    }
    return rules.build();
  }

  /** The entries that a rule makes up, as JSON. */
  static ArrayNode made(DerivedList rule, ConfigView config, int layers) {
    ArrayNode entries = JsonNodeFactory.instance.arrayNode();
    IntStream.range(0, layers).forEach(layer -> entries.add(rule.entry(config, layer)));
    return entries;
  }
}

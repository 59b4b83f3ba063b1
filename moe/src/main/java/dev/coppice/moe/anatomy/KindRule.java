package dev.coppice.moe.anatomy;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.Streams;

/** One rule by which a configuration says which layers hold experts. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "rule")
@JsonSubTypes({
  @JsonSubTypes.Type(value = KindRule.Prefix.class, name = "prefix"),
  @JsonSubTypes.Type(value = KindRule.DenseIndices.class, name = "dense_indices"),
  @JsonSubTypes.Type(value = KindRule.MoeIndices.class, name = "moe_indices"),
  @JsonSubTypes.Type(value = KindRule.Step.class, name = "step"),
  @JsonSubTypes.Type(value = KindRule.Types.class, name = "types"),
  @JsonSubTypes.Type(value = KindRule.Range.class, name = "range"),
  @JsonSubTypes.Type(value = KindRule.Period.class, name = "period")
})
public sealed interface KindRule {

  /** Whether the configuration, or a default, has what the rule reads. */
  boolean applies(ConfigView config);

  /**
   * Whether a layer holds experts, by this rule alone.
   *
   * @param config has what the rule reads
   * @param layer index of the layer
   * @param layers number of layers
   */
  boolean isMoe(ConfigView config, int layer, int layers);

  /** Whether the rule reads a list of layer indices under that key. */
  default boolean listsIndices(String name) {
    return false;
  }

  /** Whether the rule reads a list with an entry a layer under that key. */
  default boolean listsKinds(String name) {
    return false;
  }

  /**
   * Layers below a count are dense.
   *
   * @param key where the count stands
   */
  record Prefix(String key) implements KindRule {
    @Override
    public boolean applies(ConfigView config) {
      return !config.value(key).isMissingNode();
    }

    @Override
    public boolean isMoe(ConfigView config, int layer, int layers) {
      return layer >= config.count(key);
    }
  }

  /**
   * Listed layers are dense.
   *
   * @param key where the list stands
   */
  record DenseIndices(String key) implements KindRule {
    @Override
    public boolean listsIndices(String name) {
      return key.equals(name);
    }

    @Override
    public boolean applies(ConfigView config) {
      return config.value(key).isArray();
    }

    @Override
    public boolean isMoe(ConfigView config, int layer, int layers) {
      return !contains(config, key, layer, layers);
    }
  }

  /**
   * Listed layers hold experts.
   *
   * @param key where the list stands
   */
  record MoeIndices(String key) implements KindRule {
    @Override
    public boolean listsIndices(String name) {
      return key.equals(name);
    }

    @Override
    public boolean applies(ConfigView config) {
      return config.value(key).isArray();
    }

    @Override
    public boolean isMoe(ConfigView config, int layer, int layers) {
      return contains(config, key, layer, layers);
    }
  }

  /**
   * Every so many layers one holds experts: layer i if i+1 is a multiple of the step.
   *
   * @param key where the step stands
   * @param readers programs that go by the step even where a list says more
   */
  record Step(String key, ImmutableList<String> readers) implements KindRule {
    @Override
    public boolean applies(ConfigView config) {
      return !config.value(key).isMissingNode();
    }

    @Override
    public boolean isMoe(ConfigView config, int layer, int layers) {
      return (layer + 1) % config.positive(ImmutableList.of(key)) == 0;
    }
  }

  /**
   * A list with an entry a layer, or a string with a character a layer, names the kinds.
   *
   * @param key where it stands
   * @param moe the entries that mean experts
   */
  record Types(String key, ImmutableList<String> moe) implements KindRule {
    @Override
    public boolean listsKinds(String name) {
      return key.equals(name);
    }

    @Override
    public boolean applies(ConfigView config) {
      JsonNode node = config.value(key);
      return node.isArray() || node.isTextual();
    }

    @Override
    public boolean isMoe(ConfigView config, int layer, int layers) {
      JsonNode node = config.value(key);
      int length = node.isTextual() ? node.textValue().length() : node.size();
      if (length < layers) { // it may go on for next-token-prediction layers
        throw ConfigView.bad(
            key + " must have an entry for each of the " + layers + " layers, got " + length);
      }
      return moe.contains(
          node.isTextual()
              ? node.textValue().substring(layer, layer + 1)
              : node.get(layer).asText());
    }
  }

  /**
   * Layers from a first to a last hold experts, or every so many of them.
   *
   * @param start where the first stands
   * @param end where the last stands; −1 means the last layer
   * @param interval where the step stands
   */
  record Range(String start, String end, String interval) implements KindRule {
    @Override
    public boolean applies(ConfigView config) {
      return !config.value(start).isMissingNode();
    }

    @Override
    public boolean isMoe(ConfigView config, int layer, int layers) {
      int last = config.value(end).asInt(-1);
      return layer >= config.count(start)
          && layer <= (last < 0 ? layers - 1 : last)
          && (layer + 1) % config.positive(ImmutableList.of(interval)) == 0;
    }
  }

  /**
   * Layers at one place of a period hold experts.
   *
   * @param period where the period stands
   * @param offset where the place stands
   */
  record Period(String period, String offset) implements KindRule {
    @Override
    public boolean applies(ConfigView config) {
      return !config.value(period).isMissingNode();
    }

    @Override
    public boolean isMoe(ConfigView config, int layer, int layers) {
      return layer % config.positive(ImmutableList.of(period)) == config.count(offset);
    }
  }

  private static boolean contains(ConfigView config, String key, int layer, int layers) {
    JsonNode list = config.value(key);
    for (JsonNode index : list) {
      if (!index.isInt() || index.intValue() < 0 || index.intValue() >= layers) {
        throw ConfigView.bad(key + " must name layers below " + layers + ", got " + index);
      }
    }
    return Streams.stream(list).anyMatch(index -> index.intValue() == layer);
  }
}

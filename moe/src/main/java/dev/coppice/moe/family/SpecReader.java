package dev.coppice.moe.family;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.spec.AttentionSpec;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads the shape out of a configuration. */
final class SpecReader {
  /** Far beyond any model; a list of so many is still small. */
  private static final int MAX_LAYERS = 10_000;

  private final String family;
  private final FamilyDescription.Model model;
  private final ConfigKeys keys;
  private final ConfigReader config;
  private final ObjectNode raw;

  SpecReader(String family, FamilyDescription.Model model, ObjectNode raw) {
    this.family = family;
    this.model = model;
    this.keys = model.keys();
    this.raw = raw;
    this.config = new ConfigReader(raw, model.defaults());
  }

  MoeSpec read() {
    try {
      return new MoeSpec(
          family,
          config.positive("vocab_size"),
          config.positive("hidden_size"),
          attention(),
          new RouterSpec(keys.renormalize().isEmpty() || config.flag(keys.renormalize())),
          layers(),
          config.positiveNumber(config.value("rms_norm_eps"), "rms_norm_eps"),
          config.flag(List.of("tie_word_embeddings")),
          maxPositions());
    } catch (IllegalArgumentException e) {
      throw ConfigReader.bad(String.valueOf(e.getMessage()));
    }
  }

  private AttentionSpec attention() {
    int heads = config.positive("num_attention_heads");
    JsonNode headDim = config.value("head_dim");
    return GroupedAttention.plain(
        heads,
        config.positive("num_key_value_heads"),
        headDim.isMissingNode()
            ? config.positive("hidden_size") / heads
            : config.positive("head_dim"),
        model.headNorm(),
        ropeTheta());
  }

  private double ropeTheta() {
    JsonNode nested = raw.path("rope_parameters").path("rope_theta");
    JsonNode theta = nested.isMissingNode() ? config.value("rope_theta") : nested;
    return config.positiveNumber(theta, "rope_theta");
  }

  private int maxPositions() {
    int positions = config.positive("max_position_embeddings");
    if (keys.slidingWindow().isEmpty() || config.value(keys.slidingWindow()).isMissingNode()) {
      return positions;
    }
    // up to its width a window masks nothing
    return Math.min(positions, config.positive(keys.slidingWindow()));
  }

  private ImmutableList<LayerSpec> layers() {
    int count = config.positive(keys.layers());
    if (count > MAX_LAYERS) {
      throw ConfigReader.bad(
          keys.layers().get(0) + " must be at most " + MAX_LAYERS + ", got " + count);
    }
    Set<Integer> dense = denseLayers(count);
    int step = keys.sparseStep().isEmpty() ? 1 : config.positive(keys.sparseStep());
    Supplier<LayerSpec> denseLayer = Suppliers.memoize(this::denseLayer);
    Supplier<LayerSpec> moeLayer = Suppliers.memoize(this::moeLayer);
    ImmutableList.Builder<LayerSpec> layers = ImmutableList.builder();
    for (int layer = 0; layer < count; layer++) {
      boolean isDense = dense.contains(layer) || (layer + 1) % step != 0;
      layers.add(isDense ? denseLayer.get() : moeLayer.get());
    }
    return layers.build();
  }

  private LayerSpec denseLayer() {
    return new LayerSpec.Dense(config.positive(keys.denseWidth()));
  }

  private LayerSpec moeLayer() {
    return new LayerSpec.Moe(
        config.positive(keys.experts()),
        config.positive(keys.topK()),
        config.positive(keys.expertWidth()));
  }

  private Set<Integer> denseLayers(int count) {
    Set<Integer> dense = new HashSet<>();
    if (keys.denseLayers().isEmpty()) {
      return dense;
    }
    String key = keys.denseLayers().get(0);
    JsonNode list = config.value(keys.denseLayers());
    if (!list.isArray()) {
      throw ConfigReader.bad(key + " must be a list of layer indices, got " + list);
    }
    for (JsonNode index : list) {
      if (!index.isInt() || index.intValue() < 0 || index.intValue() >= count) {
        throw ConfigReader.bad(key + " must name layers below " + count + ", got " + index);
      }
      dense.add(index.intValue());
    }
    return dense;
  }
}

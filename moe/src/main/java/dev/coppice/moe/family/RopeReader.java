package dev.coppice.moe.family;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableSortedSet;
import dev.coppice.moe.spec.RopeScaling;
import dev.coppice.moe.spec.RopeSpec;

/**
 * Reads rotary positions: {@code rope_theta} and {@code rope_scaling} of older configurations,
 * {@code rope_parameters} of newer ones.
 *
 * <p><b>Source</b>: {@code modeling_rope_utils.py} of transformers 5.18, order of precedence
 * included.
 */
final class RopeReader {
  private static final ImmutableSortedSet<String> TYPES =
      ImmutableSortedSet.of("default", "linear", "dynamic", "yarn", "llama3");

  private final ConfigReader config;
  private final JsonNode rope;

  RopeReader(ConfigReader config) {
    this.config = config;
    JsonNode scaling = config.nullable("rope_scaling");
    this.rope =
        scaling.isEmpty() && !scaling.isTextual() ? config.nullable("rope_parameters") : scaling;
  }

  /** The parts that the kernels cannot run; empty for nothing. */
  String refusal(String partialRotary) {
    if (rope.isValueNode()) {
      return "rope_scaling as an object, got " + rope;
    }
    for (JsonNode entry : rope) {
      if (entry.isObject()) {
        return "one kind of rotary positions for all layers, got " + rope;
      }
    }
    if (!TYPES.contains(type())) {
      return "rope_type in " + TYPES + ", got " + type();
    }
    JsonNode share = share("partial_rotary_factor");
    boolean whole = share.isMissingNode() || share.asDouble(1) == 1;
    return partialRotary.isEmpty() && !whole ? "whole rotary heads, got " + share : "";
  }

  private String type() {
    JsonNode type = rope.hasNonNull("rope_type") ? rope.get("rope_type") : rope.path("type");
    return type.isMissingNode() || type.isNull() ? "default" : type.asText();
  }

  private JsonNode share(String key) {
    return rope.hasNonNull(key) ? rope.get(key) : config.view().value(key);
  }

  /**
   * Rotary positions.
   *
   * @param headDim width of a head
   * @param interleaved whether neighbouring elements turn together
   * @param partialRotary key of the share that turns; empty for all
   */
  RopeSpec read(int headDim, boolean interleaved, String partialRotary) {
    int width =
        partialRotary.isEmpty()
            ? headDim
            : (int) (headDim * ConfigReader.positiveNumber(share(partialRotary), partialRotary));
    JsonNode nested = rope.path("rope_theta");
    double theta =
        nested.isMissingNode()
            ? config.positiveNumber("rope_theta")
            : ConfigReader.positiveNumber(nested, "rope_theta");
    return new RopeSpec(width, theta, interleaved, scaling());
  }

  private RopeScaling scaling() {
    return switch (type()) {
      case "default" -> new RopeScaling.None();
      case "linear" -> new RopeScaling.Linear(number("factor"));
      case "dynamic" ->
          new RopeScaling.Dynamic(number("factor"), config.positive("max_position_embeddings"));
      case "llama3" ->
          new RopeScaling.Llama3(
              number("factor"),
              number("low_freq_factor"),
              number("high_freq_factor"),
              originalPositions());
      case "yarn" -> yarn();
      default -> throw ConfigReader.bad("rope_type must be in " + TYPES + ", got " + type());
    };
  }

  private RopeScaling yarn() {
    return new RopeScaling.Yarn(
        factor(),
        number("beta_fast", 32),
        number("beta_slow", 1),
        originalPositions(),
        attentionFactor(),
        !rope.path("truncate").isBoolean() || rope.path("truncate").booleanValue());
  }

  private double attentionFactor() {
    if (rope.hasNonNull("attention_factor")) {
      return number("attention_factor");
    }
    double own = number("mscale", 0);
    double all = number("mscale_all_dim", 0);
    return own != 0 && all != 0
        ? magnitude(factor(), own) / magnitude(factor(), all)
        : magnitude(factor(), 1);
  }

  /** Factor on the scale of latent attention, which some configurations ask for. */
  double latentScale() {
    double all = number("mscale_all_dim", 0);
    if (type().equals("default") || all == 0) {
      return 1;
    }
    double magnitude = magnitude(factor(), all);
    return magnitude * magnitude;
  }

  /** YaRN's magnitude of attention for a stretch. */
  static double magnitude(double factor, double weight) {
    return factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1;
  }

  private double factor() {
    return rope.hasNonNull("factor")
        ? number("factor")
        : (double) config.positive("max_position_embeddings") / originalPositions();
  }

  private int originalPositions() {
    String key = "original_max_position_embeddings";
    if (config.view().has(key)) {
      return config.positive(key);
    }
    return rope.hasNonNull(key)
        ? ConfigReader.positive(rope.get(key), key)
        : config.positive("max_position_embeddings");
  }

  private double number(String key) {
    return ConfigReader.positiveNumber(rope.path(key), key);
  }

  /** A number, or what is meant by none or zero. */
  private double number(String key, double absent) {
    JsonNode node = rope.path(key);
    boolean given =
        !node.isMissingNode() && !node.isNull() && !(node.isNumber() && node.asDouble() == 0);
    return given ? ConfigReader.positiveNumber(node, key) : absent;
  }
}

package dev.coppice.moe.family;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads a {@code config.json} under a family's aliases and defaults; aliases that disagree are an
 * error.
 */
final class ConfigReader {
  private static final Path FILE = Path.of("config.json");

  private final ObjectNode config;
  private final ObjectNode defaults;

  ConfigReader(ObjectNode config, ObjectNode defaults) {
    this.config = config;
    this.defaults = defaults;
  }

  int positive(List<String> aliases) {
    JsonNode node = value(aliases);
    if (!node.isInt() || node.intValue() <= 0) {
      throw bad(aliases.get(0) + " must be a positive integer, got " + node);
    }
    return node.intValue();
  }

  int positive(String key) {
    return positive(List.of(key));
  }

  double positiveNumber(JsonNode node, String key) {
    if (!node.isNumber() || !(node.doubleValue() > 0) || Double.isInfinite(node.doubleValue())) {
      throw bad(key + " must be a positive number, got " + node);
    }
    return node.doubleValue();
  }

  boolean flag(List<String> aliases) {
    JsonNode node = value(aliases);
    if (!node.isBoolean()) {
      throw bad(aliases.get(0) + " must be true or false, got " + node);
    }
    return node.booleanValue();
  }

  /** The value of the first alias that has one; explicit nulls count as absent. */
  JsonNode value(List<String> aliases) {
    Map<String, JsonNode> present = new TreeMap<>();
    for (String alias : aliases) {
      JsonNode node = config.path(alias);
      if (!node.isMissingNode() && !node.isNull()) {
        present.put(alias, node);
      }
    }
    if (present.values().stream().distinct().count() > 1) {
      throw bad("aliases of one key must agree, got " + present);
    }
    if (!present.isEmpty()) {
      return present.values().iterator().next();
    }
    return aliases.stream()
        .map(defaults::path)
        .filter(node -> !node.isMissingNode())
        .findFirst()
        .orElse(MissingNode.getInstance());
  }

  JsonNode value(String key) {
    return value(List.of(key));
  }

  static CheckpointFormatException bad(String detail) {
    return new CheckpointFormatException(Reason.BAD_CONFIG, FILE, detail);
  }
}

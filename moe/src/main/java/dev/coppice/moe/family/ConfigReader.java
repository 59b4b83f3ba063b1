package dev.coppice.moe.family;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.coppice.moe.anatomy.ConfigView;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads typed values out of a {@code config.json}; what cannot be is an error that names the key.
 */
final class ConfigReader {
  private static final Path FILE = Path.of("config.json");

  private final ConfigView view;

  ConfigReader(ConfigView view) {
    this.view = view;
  }

  ConfigView view() {
    return view;
  }

  int positive(List<String> aliases) {
    return positive(view.value(aliases), aliases.get(0));
  }

  int positive(String key) {
    return positive(List.of(key));
  }

  static int positive(JsonNode node, String key) {
    if (!node.isInt() || node.intValue() <= 0) {
      throw bad(key + " must be a positive integer, got " + (node.isMissingNode() ? "none" : node));
    }
    return node.intValue();
  }

  double positiveNumber(String key) {
    return positiveNumber(view.value(key), key);
  }

  static double positiveNumber(JsonNode node, String key) {
    if (!node.isNumber() || !(node.doubleValue() > 0) || Double.isInfinite(node.doubleValue())) {
      throw bad(key + " must be a positive number, got " + (node.isMissingNode() ? "none" : node));
    }
    return node.doubleValue();
  }

  /** A flag of a family's file: {@code always}, {@code never}, nothing, or a key. */
  boolean flag(String flag) {
    return switch (flag) {
      case "always" -> true;
      case "never", "" -> false;
      default -> key(flag);
    };
  }

  private boolean key(String key) {
    JsonNode node = view.value(key);
    if (!node.isBoolean()) {
      throw bad(key + " must be true or false, got " + (node.isMissingNode() ? "none" : node));
    }
    return node.booleanValue();
  }

  /** A value whose explicit null means none, and whose absence means its default. */
  JsonNode nullable(String key) {
    return view.root().path(key).isNull() ? MissingNode.getInstance() : view.value(key);
  }

  static CheckpointFormatException bad(String detail) {
    return new CheckpointFormatException(Reason.BAD_CONFIG, FILE, detail);
  }
}

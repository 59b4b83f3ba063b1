package dev.coppice.moe.anatomy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A {@code config.json} as its family reads it: the object that describes the language model, with
 * aliases and defaults.
 *
 * <p>Models with more than text nest that object under {@code text_config} or a like name.
 */
public final class ConfigView {
  /** Names under which models with more than text nest the language model's object. */
  public static final ImmutableList<String> NESTED =
      ImmutableList.of("text_config", "llm_config", "language_config");

  private final ObjectNode root;
  private final Map<String, JsonNode> defaults;

  private ConfigView(ObjectNode root, Map<String, JsonNode> defaults) {
    this.root = root;
    this.defaults = defaults;
  }

  /**
   * The view of a configuration.
   *
   * @param config the whole tree; the view reads through to it
   * @param traits says how the layer count is called
   */
  public static ConfigView of(ObjectNode config, FamilyTraits traits) {
    return new ConfigView(root(config, traits), traits.defaults());
  }

  /** The object that describes the language model: the tree itself, or one nested in it. */
  public static ObjectNode root(ObjectNode config, FamilyTraits traits) {
    return nested(config, traits).orElse(config);
  }

  /** Whether a configuration describes more than a language model, which is nested in it. */
  public static boolean isNested(ObjectNode config, FamilyTraits traits) {
    return nested(config, traits).isPresent();
  }

  private static Optional<ObjectNode> nested(ObjectNode config, FamilyTraits traits) {
    for (String key : NESTED) {
      if (config.path(key) instanceof ObjectNode nested && hasLayers(nested, traits)) {
        return Optional.of(nested);
      }
    }
    return Optional.empty();
  }

  private static boolean hasLayers(ObjectNode node, FamilyTraits traits) {
    return traits.layers().stream().anyMatch(key -> !ConfigPath.get(node, key).isMissingNode())
        || traits.layerPattern().stream().anyMatch(node::hasNonNull);
  }

  /** The same configuration with more defaults; those that it has stay. */
  public ConfigView withDefaults(Map<String, JsonNode> more) {
    Map<String, JsonNode> all = new LinkedHashMap<>(more);
    all.putAll(defaults);
    return new ConfigView(root, all);
  }

  /** The same configuration with one more value; the file itself is not changed. */
  public ConfigView with(String path, JsonNode value) {
    ObjectNode copy = root.deepCopy();
    ConfigPath.set(copy, path, value);
    return new ConfigView(copy, defaults);
  }

  /** The object that describes the language model. */
  public ObjectNode root() {
    return root;
  }

  /** Whether the file itself has a value there. */
  public boolean has(String path) {
    return !ConfigPath.get(root, path).isMissingNode();
  }

  /** The value at a path, or the family's default; missing where there is neither. */
  public JsonNode value(String path) {
    JsonNode node = ConfigPath.get(root, path);
    return node.isMissingNode() ? defaults.getOrDefault(path, MissingNode.getInstance()) : node;
  }

  /**
   * The value that all present aliases agree on, or the first default.
   *
   * @throws CheckpointFormatException if two aliases differ
   */
  public JsonNode value(List<String> aliases) {
    Map<String, JsonNode> present = new LinkedHashMap<>();
    for (String alias : aliases) {
      if (has(alias)) {
        present.put(alias, value(alias));
      }
    }
    if (present.values().stream().distinct().count() > 1) {
      throw bad("aliases of one key must agree, got " + present);
    }
    return present.values().stream()
        .findFirst()
        .or(
            () ->
                aliases.stream().map(this::value).filter(node -> !node.isMissingNode()).findFirst())
        .orElse(MissingNode.getInstance());
  }

  /**
   * A positive whole number under any of its aliases.
   *
   * @throws CheckpointFormatException if it is missing or no such number
   */
  public int positive(List<String> aliases) {
    return number(value(aliases), aliases.get(0), 1);
  }

  /**
   * A whole number of at least zero.
   *
   * @throws CheckpointFormatException if it is missing or no such number
   */
  public int count(String path) {
    return number(value(path), path, 0);
  }

  /** The names under which the file has a value, joined for a message. */
  public String names(List<String> aliases) {
    List<String> present = aliases.stream().filter(this::has).toList();
    return String.join(" and ", present.isEmpty() ? aliases.subList(0, 1) : present);
  }

  /** A whole number out of a node. */
  static int number(JsonNode node, String name, int least) {
    if (!node.isInt() || node.intValue() < least) {
      throw bad(
          name
              + " must be an integer of at least "
              + least
              + ", got "
              + (node.isMissingNode() ? "none" : node));
    }
    return node.intValue();
  }

  /** A configuration that cannot be. */
  static CheckpointFormatException bad(String detail) {
    return new CheckpointFormatException(Reason.BAD_CONFIG, Path.of("config.json"), detail);
  }
}

package dev.coppice.moe.anatomy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Splitter;
import com.google.common.collect.Iterables;
import java.util.List;

/** Reads and writes values of a JSON tree under dotted paths such as {@code ffn_config.top_k}. */
public final class ConfigPath {
  private static final Splitter DOTS = Splitter.on('.');

  private ConfigPath() {}

  /** The value at a path; missing where there is none or an explicit null. */
  public static JsonNode get(JsonNode root, String path) {
    JsonNode node = root;
    for (String key : DOTS.split(path)) {
      node = node.path(key);
    }
    return node.isNull() ? MissingNode.getInstance() : node;
  }

  /** Sets the value at a path; objects on the way are made where they are missing. */
  public static void set(ObjectNode root, String path, JsonNode value) {
    List<String> keys = DOTS.splitToList(path);
    ObjectNode node = root;
    for (String key : keys.subList(0, keys.size() - 1)) {
      node = node.withObjectProperty(key);
    }
    node.set(Iterables.getLast(keys), value);
  }
}

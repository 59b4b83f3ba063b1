package dev.coppice.growth.plan;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.anatomy.ConfigPath;
import java.util.function.IntUnaryOperator;

/**
 * Writes a count into a raw {@code config.json} under every name that the file has for it.
 *
 * <p>A stale alias is worse than a missing one: with both {@code num_experts} and {@code
 * num_local_experts} present, readers differ in which they take.
 */
public final class ConfigCounts {
  /** Names of the layer count that some reader accepts. */
  public static final ImmutableList<String> LAYERS =
      ImmutableList.of("num_hidden_layers", "num_layers", "n_layers", "n_layer");

  /** Names of the expert count that some reader accepts. */
  public static final ImmutableList<String> EXPERTS =
      ImmutableList.of(
          "num_experts",
          "num_local_experts",
          "n_routed_experts",
          "moe_num_experts",
          "num_routed_experts");

  /** Names of top-k that some reader accepts. */
  public static final ImmutableList<String> TOP_K =
      ImmutableList.of(
          "num_experts_per_tok",
          "num_experts_per_token",
          "experts_per_token",
          "moe_topk",
          "moe_top_k",
          "moe_k",
          "top_k_experts");

  private ConfigCounts() {}

  /**
   * Changes a count, or a list of counts: under all of the family's names that are present, or
   * under its first where none is; and under others' names that hold what the family's held.
   *
   * @param root changed in place; keys keep their order
   * @param family the family's names, the usual one first
   * @param others names of the same count elsewhere
   * @param change from the old to the new count
   */
  public static void change(
      ObjectNode root, ImmutableList<String> family, ImmutableList<String> others, Change change) {
    JsonNode old =
        family.stream()
            .map(name -> ConfigPath.get(root, name))
            .filter(node -> !node.isMissingNode())
            .findFirst()
            .orElse(change.absent());
    for (String name : family) {
      if (!ConfigPath.get(root, name).isMissingNode()) {
        ConfigPath.set(root, name, changed(ConfigPath.get(root, name), change));
      }
    }
    if (family.stream().allMatch(name -> ConfigPath.get(root, name).isMissingNode())) {
      ConfigPath.set(root, family.get(0), changed(old, change));
    }
    for (String name : others) {
      if (!family.contains(name) && root.path(name).equals(old)) {
        root.set(name, changed(old, change));
      }
    }
  }

  /**
   * How a count changes.
   *
   * @param absent the count where the file has none: a default
   * @param of from the old to the new
   */
  public record Change(JsonNode absent, IntUnaryOperator of) {}

  private static JsonNode changed(JsonNode old, Change change) {
    if (!(old instanceof ArrayNode list)) {
      return IntNode.valueOf(change.of().applyAsInt(old.intValue()));
    }
    ArrayNode grown = JsonNodeFactory.instance.arrayNode();
    list.forEach(count -> grown.add(change.of().applyAsInt(count.intValue())));
    return grown;
  }
}

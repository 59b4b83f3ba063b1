package dev.coppice.growth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.Iterables;

/**
 * Writes a count into a raw {@code config.json} under every name that the file has for it.
 *
 * <p>A stale alias is worse than a missing one: with both {@code num_experts} and {@code
 * num_local_experts} present, readers differ in which they take.
 */
public final class ConfigCounts {
  /** Names of the layer count that some reader knows. */
  public static final ImmutableList<String> LAYERS =
      ImmutableList.of("num_hidden_layers", "num_layers", "n_layers", "n_layer");

  /** Names of the expert count that some reader knows. */
  public static final ImmutableList<String> EXPERTS =
      ImmutableList.of(
          "num_experts",
          "num_local_experts",
          "n_routed_experts",
          "moe_num_experts",
          "num_routed_experts");

  /** Names of top-k that some reader knows. */
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
   * Sets a count: under all of the family's names that are present, or under its first where none
   * is; and under others' names that hold the old count.
   *
   * @param config changed in place; keys keep their order
   * @param family the family's names, the usual one first
   * @param others names of the same count elsewhere
   * @param change from which to which count
   */
  public static void set(
      ObjectNode config,
      ImmutableList<String> family,
      ImmutableList<String> others,
      CountChange change) {
    boolean written = false;
    for (String name : family) {
      if (config.hasNonNull(name)) {
        config.put(name, change.to());
        written = true;
      }
    }
    if (!written) {
      config.put(Iterables.getFirst(family, others.get(0)), change.to());
    }
    for (String name : others) {
      JsonNode value = config.path(name);
      if (value.isInt() && value.intValue() == change.from()) {
        config.put(name, change.to());
      }
    }
  }

  /**
   * A count before and after growth.
   *
   * @param from before
   * @param to after
   */
  public record CountChange(int from, int to) {}
}

package dev.coppice.moe.anatomy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Which values of a configuration hold an entry a layer.
 *
 * <p>A list that the family's rules read, or whose name is usual for such lists, must be as long as
 * the model is deep; it may continue with entries of next-token-prediction layers. Any other list
 * of just that length is taken for one too.
 *
 * @param traits how the family says things
 * @param layers number of layers
 */
record LayerLists(FamilyTraits traits, int layers) {
  /** Lists whose length has nothing to do with layers, though it may happen to be the same. */
  private static final ImmutableSet<String> NOT_PER_LAYER =
      ImmutableSet.of(
          "architectures",
          "bos_token_id",
          "eos_token_id",
          "pad_token_id",
          "time_step_limit",
          "mrope_section");

  private static final Pattern USUAL =
      Pattern.compile(
          "(?!mtp_).*(?:layer_types|layers?_block_type|indexer_types|_pattern|_per_layer)"
              + "|attn_type_list|no_rope_layers|moe_layer_freq|layer_rope_theta|compress_ratios");

  /** Length of a value that must be per layer by its name; −1 where it need not be. */
  int length(String key, JsonNode value) {
    if (NOT_PER_LAYER.contains(key) || traits.notLayers().contains(key)) {
      return -1;
    }
    boolean text = traits.layerLists().contains(key) || traits.layerPattern().contains(key);
    if (value.isTextual() && text && !value.textValue().isEmpty()) {
      return value.textValue().length();
    }
    boolean known = text || isRead(key) || USUAL.matcher(key).matches();
    return value.isArray() && !value.isEmpty() && known ? value.size() : -1;
  }

  private boolean isRead(String key) {
    return traits.derivedLists().stream().anyMatch(list -> list.key().equals(key))
        || traits.experts().contains(key)
        || traits.topK().contains(key)
        || traits.kinds().stream().flatMap(List::stream).anyMatch(rule -> rule.listsKinds(key));
  }

  /** Whether a value without a rule or name is per layer, by its length. */
  boolean isByLength(String key, JsonNode value) {
    return value.isArray()
        && value.size() == layers
        && !NOT_PER_LAYER.contains(key)
        && !traits.notLayers().contains(key);
  }

  /**
   * Holds lengths against the number of layers.
   *
   * @param root the configuration of the language model
   * @param mtp layers for which lists may continue
   * @param count the name of the layer count, for messages
   * @throws dev.coppice.moe.safetensors.CheckpointFormatException if a list is too long or too
   *     short
   */
  void check(ObjectNode root, MtpLayers mtp, String count) {
    for (Map.Entry<String, JsonNode> entry : root.properties()) {
      Optional<String> wrong = wrongLength(entry.getKey(), entry.getValue(), mtp, count);
      if (wrong.isPresent()) {
        throw ConfigView.bad(wrong.get());
      }
    }
  }

  /** Why a value that must be per layer by its name cannot be; empty if it can, or need not. */
  Optional<String> wrongLength(String key, JsonNode value, MtpLayers mtp, String count) {
    int length = length(key, value);
    if (length < 0 || length == layers || mtp.mayAdd(length - layers)) {
      return Optional.empty();
    }
    String more =
        mtp.most() == 0
            ? ""
            : ", or " + (layers + mtp.most()) + " with those for next-token prediction";
    return Optional.of(
        String.format(
            Locale.ROOT,
            "%s must have an entry for each of the %d layers (%s)%s, got %d",
            key,
            layers,
            count,
            more,
            length));
  }

  /** Whether some list is longer than the model is deep. */
  boolean goOn(ObjectNode root) {
    return root.properties().stream()
        .anyMatch(entry -> length(entry.getKey(), entry.getValue()) > layers);
  }
}

package dev.coppice.moe.anatomy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.common.collect.ImmutableList;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Next-token-prediction layers, which the configuration counts and the files hold.
 *
 * @param found how many have tensors
 * @param said how many the configuration says; empty where it says nothing
 * @param assumed how many readers assume where it says nothing
 * @param key the name of their number in the configuration; empty where the family has none
 */
public record MtpLayers(int found, OptionalInt said, int assumed, String key) {
  /** Possible names of the number of such layers in a family whose description has none. */
  private static final ImmutableList<String> USUAL_COUNTS =
      ImmutableList.of("num_nextn_predict_layers", "mtp_num_hidden_layers", "num_mtp_modules");

  /**
   * Reads a configuration.
   *
   * @param traits how the family says things
   * @param config what it says
   * @param foundLayers layers that have tensors
   */
  static MtpLayers of(FamilyTraits traits, ConfigView config, int foundLayers) {
    ImmutableList<String> names = counts(traits);
    JsonNode value = names.isEmpty() ? IntNode.valueOf(0) : config.value(names);
    boolean says = !names.isEmpty() && !value.isMissingNode();
    int each = layersEach(traits, config);
    return new MtpLayers(
        (foundLayers + each - 1) / each,
        says
            ? OptionalInt.of(ConfigView.number(value, config.names(names), 0))
            : OptionalInt.empty(),
        traits.mtp().stream().mapToInt(FamilyTraits.Mtp::assumed).findFirst().orElse(0),
        names.isEmpty() ? "" : config.names(names));
  }

  private static ImmutableList<String> counts(FamilyTraits traits) {
    return traits.mtp().isEmpty() ? USUAL_COUNTS : traits.mtp().get(0).count();
  }

  /** Layers of tensors that the configuration counts as one. */
  private static int layersEach(FamilyTraits traits, ConfigView config) {
    for (FamilyTraits.Mtp mtp : traits.mtp()) {
      for (String key : mtp.blocks()) {
        JsonNode blocks = config.value(key);
        int each = blocks.isTextual() ? blocks.textValue().length() : blocks.size();
        if (each > 0) {
          return each;
        }
      }
    }
    return 1;
  }

  /** The most entries by which a per-layer list may continue for them. */
  int most() {
    return Math.max(found, said.orElse(assumed));
  }

  /** Whether a per-layer list may continue by that many entries for them. */
  boolean mayAdd(int entries) {
    return entries == said.orElse(assumed) || entries == found;
  }

  /** A sentence on a number that disagrees with the tensors. */
  public Optional<String> warning() {
    boolean agrees = found == said.orElse(found == 0 ? 0 : assumed);
    if (key.isEmpty() || agrees) {
      return Optional.empty();
    }
    String says =
        said.isPresent()
            ? String.format(
                Locale.ROOT,
                "config.json says %d next-token-prediction %s (%s)",
                said.getAsInt(),
                said.getAsInt() == 1 ? "layer" : "layers",
                key)
            : "config.json does not say how many next-token-prediction layers there are ("
                + key
                + ")";
    String has =
        found == 0
            ? "but the files have no tensor of one; programs that go by the number would run it"
                + " from unset memory, and --mtp drop sets the number to 0"
            : String.format(
                Locale.ROOT, "but the files have tensors of %d; programs go by the number", found);
    return Optional.of(says + ", " + has);
  }

  /**
   * A configuration of the same model without such layers: their number is zero where it stands,
   * and per-layer lists end with the model's own layers.
   *
   * @param config {@code config.json}; not changed
   * @param traits how the family says things
   */
  public static ObjectNode dropped(ObjectNode config, FamilyTraits traits) {
    ObjectNode main = config.deepCopy();
    ObjectNode root = ConfigView.root(main, traits);
    ConfigView view = ConfigView.of(main, traits);
    LayerLists lists = new LayerLists(traits, new LayerReader(traits, view).layers());
    for (String key : ImmutableList.copyOf(root::fieldNames)) {
      if (lists.length(key, root.get(key)) > lists.layers()) {
        root.set(key, cut(root.get(key), lists.layers()));
      }
    }
    counts(traits).stream()
        .filter(key -> !ConfigPath.get(root, key).isMissingNode())
        .forEach(key -> ConfigPath.set(root, key, IntNode.valueOf(0)));
    return main;
  }

  private static JsonNode cut(JsonNode list, int layers) {
    if (list.isTextual()) {
      return TextNode.valueOf(list.textValue().substring(0, layers));
    }
    ArrayNode own = ((ArrayNode) list).deepCopy();
    while (own.size() > layers) {
      own.remove(own.size() - 1);
    }
    return own;
  }
}

package dev.coppice.growth.depth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.Refusal;
import dev.coppice.moe.anatomy.ConfigView;
import dev.coppice.moe.anatomy.FamilyTraits.IndexList;
import dev.coppice.moe.anatomy.LayerReader;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Lists of a nested language model's layers that stand outside its object: at the top of the
 * configuration, or in another object about the language model.
 *
 * <p>Lists with an entry a layer and lists of layer indices follow the map. A list that must have
 * an entry a layer by its name, and has another length, is refused. Names of other towers are left
 * alone. What the language model's object says with the same value follows elsewhere.
 */
final class OutsideLists {
  /** Parts of keys that name another tower, or of what ties it to the language model. */
  private static final Pattern OTHER_TOWER =
      Pattern.compile(
          "(?i).*(?:vision|visual|vit_|image|img|video|audio|speech|sound|encoder|projector|connector"
              + "|adapter|mm_|deepstack|feature|perceiver|resampler|talker).*");

  private final GrowthPlan plan;
  private final LayerMap map;
  private final LayerReader reader;
  private final ObjectNode inside;

  OutsideLists(GrowthPlan plan, LayerMap map) {
    this.plan = plan;
    this.map = map;
    this.reader = plan.anatomy().reader();
    this.inside = plan.anatomy().config().root();
  }

  /**
   * Lets the lists follow, in place.
   *
   * @param config the whole configuration
   * @param grown the language model's object in it
   */
  @SuppressWarnings("ReferenceEquality") // equal objects at two places are two objects
  void grow(ObjectNode config, ObjectNode grown) {
    if (config == grown) {
      return;
    }
    grow(config);
    for (String key : ConfigView.NESTED) {
      if (config.get(key) instanceof ObjectNode other && other != grown) {
        grow(other);
      }
    }
  }

  private void grow(ObjectNode target) {
    for (String key : ImmutableList.copyOf(target::fieldNames)) {
      JsonNode value = target.get(key);
      boolean same = value.equals(inside.get(key));
      if (!same && !OTHER_TOWER.matcher(key).matches()) {
        grown(key, value).ifPresent(list -> target.set(key, list));
      }
    }
  }

  private Optional<JsonNode> grown(String key, JsonNode value) {
    if (reader.isPerLayerByName(key, value)) {
      return Optional.of(LayerEntries.repeated(value, map));
    }
    Optional<IndexList> said =
        plan.family().traits().indexLists().stream()
            .filter(list -> list.key().equals(key))
            .findFirst();
    if (said.isPresent() || reader.isIndexList(key, value)) {
      return Optional.of(LayerEntries.reindexed(value, said.map(IndexList::base).orElse(0), map));
    }
    reader.wrongLength(key, value).ifPresent(why -> refuse(why));
    return Optional.empty();
  }

  private void refuse(String why) {
    throw Refusal.of(
        plan,
        "describe the grown layers in a config.json",
        why + ", outside the language model's own object");
  }
}

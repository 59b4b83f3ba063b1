package dev.coppice.growth.lineage;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.growth.plan.Ancestry;
import dev.coppice.growth.plan.Ancestry.ExpertOrigin;
import dev.coppice.growth.plan.Ancestry.LayerOrigin;
import java.util.List;
import java.util.Optional;

/** The {@code origin} of a lineage, which {@code moe.checkpoint.GrowthOrigin} reads. */
public final class AncestryJson {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private AncestryJson() {}

  /**
   * Source layer of each layer, the indices of new ones, and those of new experts: once where all
   * layers with experts are alike, else an array with {@code null} for a layer without experts.
   */
  public static ObjectNode of(Ancestry ancestry) {
    ObjectNode json = JSON.objectNode();
    ArrayNode sources = json.putArray("layers");
    ArrayNode fresh = json.putArray("new_layers");
    for (int layer = 0; layer < ancestry.layers().size(); layer++) {
      sources.add(ancestry.layers().get(layer).source());
      if (ancestry.layers().get(layer).isNew()) {
        fresh.add(layer);
      }
    }
    List<Optional<ObjectNode>> experts =
        ancestry.layers().stream().map(AncestryJson::experts).toList();
    List<ObjectNode> kinds = experts.stream().flatMap(Optional::stream).distinct().toList();
    if (kinds.size() == 1) {
      json.set("new_experts", kinds.get(0));
    } else if (kinds.size() > 1) {
      ArrayNode byLayer = json.putArray("new_experts");
      experts.forEach(layer -> layer.ifPresentOrElse(byLayer::add, byLayer::addNull));
    }
    return json;
  }

  private static Optional<ObjectNode> experts(LayerOrigin layer) {
    return Optional.of(layer.experts()).filter(all -> !all.isEmpty()).map(AncestryJson::fresh);
  }

  private static ObjectNode fresh(List<ExpertOrigin> experts) {
    ObjectNode json = JSON.objectNode().put("count", experts.size());
    ArrayNode indices = json.putArray("indices");
    for (int expert = 0; expert < experts.size(); expert++) {
      if (experts.get(expert).isNew()) {
        indices.add(expert);
      }
    }
    return json;
  }
}

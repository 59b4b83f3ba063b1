package dev.coppice.moe.anatomy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.moe.anatomy.TensorSite.PartSite;
import dev.coppice.moe.packing.PackingTraits;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How many numbers the configuration says that one expert's projection has: model width times inner
 * width, perhaps a layer's own.
 */
final class ExpertWidths {
  private final Anatomy anatomy;
  private final PackingTraits keys = PackingTraits.builtIn();
  private final Map<Integer, OptionalLong> byLayer = new HashMap<>();

  ExpertWidths(Anatomy anatomy) {
    this.anatomy = anatomy;
  }

  /** The numbers of a tensor there; empty where it is no expert's own matrix. */
  OptionalLong numbers(TensorSite site) {
    Optional<PartSite> part = site.part().filter(p -> p.expert().isPresent());
    if (part.isEmpty() || part.get().part() == Part.EXPERT_BIAS) {
      return OptionalLong.empty();
    }
    return byLayer.computeIfAbsent(site.inLayer() ? site.layer() : 0, this::ofLayer);
  }

  private OptionalLong ofLayer(int layer) {
    long inner = width(keys.expertWidth(), layer);
    long own = width(keys.modelWidth(), layer);
    long outer = own > 0 ? own : anatomy.config().positive(anatomy.traits().hidden());
    return inner > 0 ? OptionalLong.of(inner * outer) : OptionalLong.empty();
  }

  /** The first of some widths that the file has, perhaps as a list with an entry a layer. */
  private long width(List<String> names, int layer) {
    Optional<JsonNode> found =
        names.stream().filter(anatomy.config()::has).findFirst().map(anatomy.config()::value);
    return found
        .map(node -> node.isArray() ? node.path(layer) : node)
        .map(JsonNode::asLong)
        .orElse(0L);
  }
}

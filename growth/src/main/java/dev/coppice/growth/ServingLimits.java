package dev.coppice.growth;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.anatomy.Anatomy;
import dev.coppice.moe.anatomy.FamilyTraits.Mtp;
import dev.coppice.moe.anatomy.RouterTraits.Groups;
import java.util.Locale;

/**
 * Limits of programs that serve models, which a grown one may meet. They change from month to
 * month: a reason to look, not to refuse.
 */
final class ServingLimits {
  /** Largest top-k, expert count and group of experts that common kernels take. */
  private static final int TOP_K = 8;

  private static final int EXPERTS = 512;
  private static final int GROUP = 32;

  /** Layers at which some reader drops what it takes for next-token prediction. */
  private static final int DROPPED_LAYER = 61;

  private ServingLimits() {}

  /** One sentence for every limit that a model exceeds, and its original did not. */
  static ImmutableList<String> met(Anatomy before, Anatomy after) {
    ImmutableList.Builder<String> met = ImmutableList.builder();
    if (after.topK() > TOP_K && after.topK() > before.topK()) {
      met.add("some serving kernels take a top-k of at most " + TOP_K + ", got " + after.topK());
    }
    if (after.experts() > EXPERTS && after.experts() > before.experts()) {
      met.add("some serving programs take at most " + EXPERTS + " experts, got " + after.experts());
    }
    for (Groups groups : after.traits().router().activeGroups(after.config())) {
      JsonNode count = after.config().value(groups.count());
      int size = after.experts() / Math.max(1, count.asInt());
      if (size > GROUP || size < 2) {
        met.add(
            String.format(
                Locale.ROOT,
                "some serving kernels take groups of 2 to %d experts, got %d (%s is %d)",
                GROUP,
                size,
                groups.count(),
                count.asInt()));
      }
    }
    boolean drops =
        after.traits().mtp().stream().map(Mtp::afterLayers).anyMatch(Boolean.TRUE::equals)
            && before.layerCount() <= DROPPED_LAYER
            && after.layerCount() > DROPPED_LAYER;
    if (drops) {
      met.add(
          "some readers drop every tensor of layer "
              + DROPPED_LAYER
              + ", which they take for next-token prediction; here it is a layer of the model");
    }
    return met.build();
  }
}

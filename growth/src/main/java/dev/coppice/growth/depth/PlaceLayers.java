package dev.coppice.growth.depth;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.plan.DepthOperator;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.Invariant;

/**
 * Depth growth by an explicit map: output layer i is a copy of source layer {@code layers[i]}.
 *
 * <p>Any order and any number of copies can be said, so depth up-scaling, block expansion and
 * partial interposition too; every source layer must have a place, for growth drops nothing.
 *
 * <p><b>Invariant</b>: {@link Invariant#NONE}; with {@code identity}, {@link Invariant#IDENTITY}
 * where the first places of the source's layers stand in their old order.
 *
 * <p><b>Source</b>: the layer lists of G_stack (arXiv 2405.15319); SOLAR (arXiv 2312.15166) and
 * LLaMA-Pro (arXiv 2401.02415) are such lists.
 *
 * @param layers source layer of each output layer, in output order
 * @param identity whether every place of a layer but its first starts as identity
 */
public record PlaceLayers(ImmutableList<Integer> layers, boolean identity)
    implements DepthOperator {
  /** Checks that there is a layer. */
  public PlaceLayers {
    checkArgument(!layers.isEmpty(), "a layer map must name a layer, got none");
  }

  @Override
  public GrowthPlan apply(GrowthPlan plan) {
    return Depth.grow(plan, new LayerMap(plan.anatomy().layerCount(), layers), identity);
  }
}

package dev.coppice.growth.depth;

import com.google.common.collect.ImmutableMap;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.plan.OperatorCatalog;

/** Names the depth operators for the lineage. */
public final class DepthOperators implements OperatorCatalog {
  /** Made by the service loader. */
  public DepthOperators() {}

  @Override
  public ImmutableMap<String, Class<? extends GrowthOperator>> operators() {
    return ImmutableMap.of(
        "interpose", Interpose.class,
        "stack", Stack.class,
        "place_layers", PlaceLayers.class,
        "drop_mtp", DropMtp.class);
  }
}

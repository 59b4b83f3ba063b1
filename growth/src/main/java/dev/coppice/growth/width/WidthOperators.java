package dev.coppice.growth.width;

import com.google.common.collect.ImmutableMap;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.plan.OperatorCatalog;

/** Names the width operators for the lineage. */
public final class WidthOperators implements OperatorCatalog {
  /** Made by the service loader. */
  public WidthOperators() {}

  @Override
  public ImmutableMap<String, Class<? extends GrowthOperator>> operators() {
    return ImmutableMap.of("duplicate_experts", DuplicateExperts.class);
  }
}

package dev.coppice.growth.plan;

import com.google.common.collect.ImmutableMap;

/**
 * The operators of one package and their names in the lineage; found with {@link
 * java.util.ServiceLoader}. Each operator is a record that Jackson reads and writes.
 */
public interface OperatorCatalog {

  /** Name to type. */
  ImmutableMap<String, Class<? extends GrowthOperator>> operators();
}

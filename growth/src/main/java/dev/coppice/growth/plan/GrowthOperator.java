package dev.coppice.growth.plan;

import com.fasterxml.jackson.annotation.JsonTypeInfo;

/**
 * A way to grow a checkpoint: turns a plan into a larger plan, without touching a byte.
 *
 * <p>The axes are closed (depth, width, and sequences of both); each axis is open to new operators,
 * which its {@link OperatorCatalog} names for the lineage.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "operator")
public sealed interface GrowthOperator permits DepthOperator, WidthOperator, OperatorSequence {

  /**
   * The plan with this growth added.
   *
   * @param plan what has been planned so far
   * @throws dev.coppice.moe.CoppiceException if the model cannot grow so, or no config can say it
   */
  GrowthPlan apply(GrowthPlan plan);

  /**
   * This growth, then another, as one plan and one pass over the bytes.
   *
   * @param next what follows
   */
  default GrowthOperator then(GrowthOperator next) {
    return OperatorSequence.of(this, next);
  }
}

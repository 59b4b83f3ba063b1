package dev.coppice.growth.depth;

import dev.coppice.growth.plan.DepthOperator;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.Invariant;

/**
 * Depth growth by stacking: the whole block of layers is repeated.
 *
 * <p>The first pass leaves out the last {@code keepLast} layers, each later pass the first {@code
 * keepFirst}, so that n layers become {@code (n - keepLast) + (factor-1)·(n - keepFirst)}. At
 * factor 2 that is the layout of SOLAR and as deep as {@link Interpose}; above, the last layers
 * come once a later pass. Tensors are copied bit for bit, without noise.
 *
 * <p><b>Invariant</b>: {@link Invariant#NONE}; with {@code identity}, {@link Invariant#IDENTITY}:
 * every place of a layer but its first adds exact zeros to the residual stream, and the first
 * places stand in the layers' old order.
 *
 * <p><b>Source</b>: arXiv 2510.08008 (its baseline), arXiv 2312.15166.
 *
 * @param factor passes over the block; at least 2
 * @param keepFirst first layers that later passes leave out
 * @param keepLast last layers that the first pass leaves out
 * @param identity whether copies start as identities
 */
public record Stack(int factor, int keepFirst, int keepLast, boolean identity)
    implements DepthOperator {
  /** Checks the ranges. */
  public Stack {
    Depth.check("stack", factor, keepFirst, keepLast);
  }

  /**
   * Stacking of plain copies, no layer excepted.
   *
   * @param factor passes over the block; at least 2
   */
  public static Stack times(int factor) {
    return new Stack(factor, 0, 0, false);
  }

  @Override
  public GrowthPlan apply(GrowthPlan plan) {
    int layers = plan.anatomy().layerCount();
    return Depth.grow(plan, LayerMap.stack(layers, factor, keepFirst, keepLast), identity);
  }
}

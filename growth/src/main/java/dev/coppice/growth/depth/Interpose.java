package dev.coppice.growth.depth;

import dev.coppice.growth.plan.DepthOperator;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.Invariant;

/**
 * Depth growth by interposition: every layer is followed at once by its copies.
 *
 * <p>Layers before {@code keepFirst} and the last {@code keepLast} are placed once, so that n
 * layers become {@code n + (factor-1)·(n - keepFirst - keepLast)}. All tensors of a layer are
 * copied bit for bit; embeddings, final norm and head are untouched; depth growth adds no noise.
 *
 * <p><b>Invariant</b>: {@link Invariant#NONE}; with {@code identity}, {@link Invariant#IDENTITY}:
 * the output projections of copies (attention output and every down projection) are zero, a copy
 * adds exact zeros to the residual stream, and training can move it from there.
 *
 * <p><b>Source</b>: arXiv 2510.08008, the authors' pick over stacking; identity start as in
 * LLaMA-Pro (arXiv 2401.02415).
 *
 * @param factor times each layer is placed; at least 2
 * @param keepFirst first layers that are not copied
 * @param keepLast last layers that are not copied
 * @param identity whether copies start as identities
 */
public record Interpose(int factor, int keepFirst, int keepLast, boolean identity)
    implements DepthOperator {
  /** Checks the ranges. */
  public Interpose {
    Depth.check("interpose", factor, keepFirst, keepLast);
  }

  /**
   * Interposition of plain copies, no layer excepted.
   *
   * @param factor times each layer is placed; at least 2
   */
  public static Interpose times(int factor) {
    return new Interpose(factor, 0, 0, false);
  }

  @Override
  public GrowthPlan apply(GrowthPlan plan) {
    int layers = plan.anatomy().layerCount();
    return Depth.grow(plan, LayerMap.interpose(layers, factor, keepFirst, keepLast), identity);
  }
}

package dev.coppice.growth.plan;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * One matrix, of which σ is the standard deviation (n−1).
 *
 * @param recipe the run that holds it
 * @param weave how it lies in there
 * @param strand which of the woven matrices it is
 */
public record Scope(TensorRecipe recipe, Weave weave, int strand) {
  /** Checks that the strand is one of the weave's. */
  public Scope {
    checkArgument(
        strand >= 0 && strand < weave.strands(),
        "strand must lie in 0..%s, got %s",
        weave.strands() - 1,
        strand);
  }
}

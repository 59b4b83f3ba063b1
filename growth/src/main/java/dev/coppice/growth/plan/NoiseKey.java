package dev.coppice.growth.plan;

import static com.google.common.base.Preconditions.checkArgument;

import dev.coppice.moe.family.TensorRole;

/**
 * Which random numbers a recipe draws, apart from the seed and the layer of the tensor that it ends
 * up in.
 *
 * <p>The key names what the numbers are for, not where or when they are drawn: two files that hold
 * the same expert, fused or split, in whatever shard, draw the same numbers.
 *
 * @param expert index of the grown expert; for a router, of the first expert whose row is drawn
 * @param projection which matrix of the expert, or the router
 * @param level how often the numbers' input has been noised before: growing twice in one plan draws
 *     twice
 */
public record NoiseKey(int expert, TensorRole projection, int level) {
  /** Checks signs. */
  public NoiseKey {
    checkArgument(expert >= 0, "expert of a noise key must not be negative, got %s", expert);
    checkArgument(level >= 0, "level of a noise key must not be negative, got %s", level);
  }

  /** The same at another level. */
  public NoiseKey atLevel(int other) {
    return new NoiseKey(expert, projection, other);
  }
}

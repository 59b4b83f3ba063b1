package dev.coppice.moe.family;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.OptionalInt;

/**
 * Where a tensor stands in the model.
 *
 * @param role what it does
 * @param layer its layer, for roles that are per layer
 * @param expert its expert, for roles that are per expert
 */
public record TensorAddress(TensorRole role, OptionalInt layer, OptionalInt expert) {
  /** Checks that layer and expert are given exactly where the role has them. */
  public TensorAddress {
    checkArgument(
        layer.isPresent() == role.perLayer(), "layer of %s must fit the role, got %s", role, layer);
    checkArgument(
        expert.isPresent() == role.perExpert(),
        "expert of %s must fit the role, got %s",
        role,
        expert);
  }

  /** Address of a tensor that the model has once. */
  public static TensorAddress ofModel(TensorRole role) {
    return new TensorAddress(role, OptionalInt.empty(), OptionalInt.empty());
  }

  /** Address of a layer's tensor. */
  public static TensorAddress ofLayer(TensorRole role, int layer) {
    return new TensorAddress(role, OptionalInt.of(layer), OptionalInt.empty());
  }

  /** Address of an expert's tensor. */
  public static TensorAddress ofExpert(TensorRole role, int layer, int expert) {
    return new TensorAddress(role, OptionalInt.of(layer), OptionalInt.of(expert));
  }
}

package dev.coppice.growth.depth;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.GrowthPlan;
import dev.coppice.growth.PlannedTensor;
import dev.coppice.growth.TensorRecipe;
import dev.coppice.moe.family.TensorAddress;
import dev.coppice.moe.family.TensorRole;
import dev.coppice.moe.safetensors.TensorSlot;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;

/** What all depth operators share: tensors and config follow a layer map. */
final class Depth {
  /** Projections that write to the residual stream: zero in a layer that starts as identity. */
  private static final Set<TensorRole> OUTPUT_PROJECTIONS =
      Set.of(TensorRole.OUTPUT, TensorRole.EXPERT_DOWN, TensorRole.DENSE_DOWN);

  private Depth() {}

  /** Checks an operator's parameters. */
  static void check(String name, int factor, int keepFirst, int keepLast) {
    checkArgument(factor >= 2, "%s factor must be at least 2, got %s", name, factor);
    checkArgument(keepFirst >= 0, "%s keep-first must not be negative, got %s", name, keepFirst);
    checkArgument(keepLast >= 0, "%s keep-last must not be negative, got %s", name, keepLast);
  }

  /** The plan with its layers placed by a map. */
  static GrowthPlan grow(GrowthPlan plan, LayerMap map, boolean identity) {
    ImmutableList<PlannedTensor> tensors =
        plan.tensors().values().stream()
            .flatMap(tensor -> places(plan, tensor, map, identity))
            .collect(ImmutableList.toImmutableList());
    return plan.with(LayerConfig.grow(plan, map), tensors);
  }

  private static Stream<PlannedTensor> places(
      GrowthPlan plan, PlannedTensor tensor, LayerMap map, boolean identity) {
    OptionalInt layer = tensor.address().layer();
    if (layer.isEmpty()) {
      return Stream.of(tensor);
    }
    boolean zeroInCopies = identity && OUTPUT_PROJECTIONS.contains(tensor.address().role());
    return map.places(layer.getAsInt()).stream()
        .map(
            place ->
                place(
                    plan,
                    tensor,
                    place,
                    zeroInCopies && map.isCopy(place) ? new TensorRecipe.Zero() : tensor.recipe()));
  }

  private static PlannedTensor place(
      GrowthPlan plan, PlannedTensor tensor, int layer, TensorRecipe recipe) {
    TensorAddress from = tensor.address();
    TensorAddress to = new TensorAddress(from.role(), OptionalInt.of(layer), from.expert());
    TensorSlot slot = tensor.slot();
    return new PlannedTensor(
        new TensorSlot(plan.family().name(to), slot.dtype(), slot.shape()), to, recipe);
  }
}

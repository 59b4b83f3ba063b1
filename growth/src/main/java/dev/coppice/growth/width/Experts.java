package dev.coppice.growth.width;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.growth.width.DuplicateExperts.Placement;
import dev.coppice.moe.safetensors.Dtype;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** How experts are counted and where copies stand. */
final class Experts {
  private static final Set<Dtype> FLOATS = Set.of(Dtype.BF16, Dtype.F16, Dtype.F32);

  private Experts() {}

  /** Whether a tensor's numbers can be calculated with. */
  static boolean isFloat(PlannedTensor tensor) {
    return FLOATS.contains(tensor.slot().dtype());
  }

  /** E of the layer that holds a tensor, before growth. */
  static int of(GrowthPlan plan, PlannedTensor tensor) {
    return tensor.site().inLayer()
        ? plan.anatomy().layers().get(tensor.site().layer()).experts()
        : plan.anatomy().experts();
  }

  /** Index of a copy of an expert; copy 0 is the original. */
  static int index(DuplicateExperts operator, int experts, int expert, int copy) {
    return operator.placement() == Placement.APPEND
        ? copy * experts + expert
        : expert * operator.factor() + copy;
  }

  /** A shape with one extent multiplied. */
  static ImmutableList<Long> widened(ImmutableList<Long> shape, int axis, int factor) {
    List<Long> grown = new ArrayList<>(shape);
    grown.set(axis, Math.multiplyExact(shape.get(axis), factor));
    return ImmutableList.copyOf(grown);
  }
}

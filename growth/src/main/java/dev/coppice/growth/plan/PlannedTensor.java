package dev.coppice.growth.plan;

import dev.coppice.moe.anatomy.TensorSite;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.TensorSlot;

/**
 * One tensor of the output.
 *
 * @param slot name, dtype and shape
 * @param site what it is in the grown model
 * @param recipe how its bytes are made
 */
public record PlannedTensor(TensorSlot slot, TensorSite site, TensorRecipe recipe) {
  /** Its name in the output. */
  public String name() {
    return slot.name();
  }

  /** The same tensor, known to stand there. */
  PlannedTensor at(TensorSite place) {
    return new PlannedTensor(slot, place, recipe);
  }

  /** The same tensor with elements of another dtype. */
  public PlannedTensor as(Dtype dtype) {
    return new PlannedTensor(new TensorSlot(slot.name(), dtype, slot.shape()), site, recipe);
  }
}

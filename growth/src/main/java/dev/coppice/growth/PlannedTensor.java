package dev.coppice.growth;

import dev.coppice.moe.family.TensorAddress;
import dev.coppice.moe.safetensors.TensorSlot;

/**
 * One tensor of the output.
 *
 * @param slot name, dtype and shape
 * @param address what it is in the grown model
 * @param recipe how its bytes are made
 */
public record PlannedTensor(TensorSlot slot, TensorAddress address, TensorRecipe recipe) {
  /** Its name in the output. */
  public String name() {
    return slot.name();
  }
}

package dev.coppice.moe.train;

import ai.djl.ndarray.NDManager;
import dev.coppice.moe.backend.KernelLibrary;
import dev.coppice.moe.backend.ModelTensors;
import dev.coppice.moe.backend.TensorList;
import dev.coppice.moe.parameter.ParameterLayout.Slot;
import dev.coppice.moe.parameter.Parameters;

/**
 * The gradient that one member of a team adds to.
 *
 * <p>Routed experts have one gradient, the first member's: only one member computes an expert.
 *
 * <p>Matrices are not zeroed between steps: the first pass of a step overwrites them. Until then
 * they hold nothing.
 */
final class GradientShare implements AutoCloseable {
  private final NDManager manager;
  private final Parameters arrays;
  private final ModelTensors forKernels;
  private final TensorList all;
  private final TensorList everyMembers;
  private final TensorList vectors;
  private boolean overwrite = true;

  private GradientShare(NDManager manager, Parameters arrays) {
    this.manager = manager;
    this.arrays = arrays;
    this.forKernels = arrays.forKernels();
    this.all = arrays.select(Slot::trained);
    this.everyMembers = arrays.select(slot -> slot.trained() && !slot.routed());
    this.vectors = arrays.select(slot -> slot.trained() && !slot.matrix());
  }

  /** The first member's. */
  static GradientShare whole(NDManager manager, Parameters weights) {
    return new GradientShare(manager, weights.zerosLike(manager));
  }

  /** Another member's, which has this one's arrays for routed experts. */
  GradientShare beside() {
    return new GradientShare(manager, Parameters.beside(manager, arrays, Slot::routed));
  }

  Parameters arrays() {
    return arrays;
  }

  ModelTensors forKernels() {
    return forKernels;
  }

  boolean overwrite() {
    return overwrite;
  }

  /** A whole pass has added its gradient. */
  void filled() {
    overwrite = false;
  }

  /** Takes over what another member has added to a gradient of its own. */
  void takeOver(GradientShare other, KernelLibrary kernels, NDManager scratch) {
    if (!other.overwrite) {
      kernels.add(scratch, everyMembers, other.everyMembers);
      other.reset(kernels, scratch);
    }
  }

  /** Forgets the gradient. */
  void reset(KernelLibrary kernels, NDManager scratch) {
    kernels.zero(scratch, vectors);
    overwrite = true;
  }

  /** Makes zero what holds nothing yet. */
  void settle(KernelLibrary kernels, NDManager scratch) {
    if (overwrite) {
      kernels.zero(scratch, all);
      overwrite = false;
    }
  }

  @Override
  public void close() {
    arrays.close();
  }
}

package dev.coppice.moe.model;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import dev.coppice.moe.kernel.KernelLibrary;
import dev.coppice.moe.kernel.TensorList;
import dev.coppice.moe.model.ParameterLayout.Slot;

/**
 * The gradient that one share of a batch adds to.
 *
 * <p>Matrices are not zeroed between steps: the first pass of a step overwrites them. Until then
 * they are stale.
 */
final class GradientShare implements AutoCloseable {
  private final Parameters arrays;
  private final TensorList forKernels;
  private final TensorList all;
  private final TensorList vectors;
  private boolean stale = true;

  GradientShare(PtNDManager manager, ParameterLayout layout) {
    this.arrays = new Parameters(manager, layout);
    this.forKernels = arrays.forKernels();
    this.all = arrays.select(Slot::trained);
    this.vectors = arrays.select(slot -> slot.trained() && !slot.matrix());
  }

  Parameters arrays() {
    return arrays;
  }

  TensorList forKernels() {
    return forKernels;
  }

  /** All trained arrays, each once. */
  TensorList all() {
    return all;
  }

  boolean stale() {
    return stale;
  }

  /** A whole pass has added its gradient. */
  void filled() {
    stale = false;
  }

  /** Forgets the gradient. */
  void reset(KernelLibrary kernels, NDManager scratch) {
    kernels.zero(scratch, vectors);
    stale = true;
  }

  /** Makes what is stale zero. */
  void settle(KernelLibrary kernels, NDManager scratch) {
    if (stale) {
      kernels.zero(scratch, all);
      stale = false;
    }
  }

  @Override
  public void close() {
    arrays.close();
  }
}

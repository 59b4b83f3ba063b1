package dev.coppice.moe.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;

/**
 * A forward pass that waits for its backward pass.
 *
 * <p>It holds what the latter needs; close it.
 */
public final class Pass implements AutoCloseable {
  private final NDArray ids;
  private final IValue gradient;
  private final IValue saved;
  private final double loss;
  private final long[] load;
  private final float[] chance;
  private final double squaredLogSumExp;
  private final double divergence;

  Pass(NDArray ids, IValue result) {
    this.ids = ids;
    IValue[] both = result.toIValueTuple();
    this.saved = both[1];
    PtNDManager manager = (PtNDManager) ids.getManager();
    PtNDArray[] sums = both[0].toTensorArray(manager);
    this.gradient = IValue.from(sums[0]);
    this.loss = sums[1].getDouble(0);
    this.load = sums[2].toLongArray();
    this.chance = sums[3].toFloatArray();
    this.squaredLogSumExp = sums[4].getFloat(0);
    this.divergence = sums[5].getDouble(0);
    for (PtNDArray sum : sums) {
      sum.close();
    }
    both[0].close();
  }

  /** Sum of the cross-entropies of counted tokens. */
  public double loss() {
    return loss;
  }

  /** How many tokens each expert of each mixture layer took, row-major [L, E]. */
  public long[] load() {
    return load.clone();
  }

  /** Sum of each expert's probability over tokens and layers [E]. */
  public float[] chance() {
    return chance.clone();
  }

  /** Sum of squared log-sum-exps of the routers' logits over tokens and layers. */
  public double squaredLogSumExp() {
    return squaredLogSumExp;
  }

  /** Sum of the divergences from the teacher over counted tokens, nats; 0 without one. */
  public double divergence() {
    return divergence;
  }

  NDArray ids() {
    return ids;
  }

  /** The gradient of the residual stream, and what backward needs. */
  Arguments begun() {
    return new Arguments().tensor(ids).value(gradient).value(saved);
  }

  @Override
  public void close() {
    gradient.close();
    saved.close();
  }
}

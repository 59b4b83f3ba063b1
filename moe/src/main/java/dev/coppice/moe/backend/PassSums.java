package dev.coppice.moe.backend;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import com.google.common.primitives.ImmutableDoubleArray;
import com.google.common.primitives.ImmutableLongArray;
import java.util.stream.IntStream;

/**
 * Results of a forward pass over a share of a batch.
 *
 * @param loss sum of the cross-entropies of counted tokens
 * @param load how many tokens each expert of each mixture layer took, row-major [L, E]
 * @param probability sum of each expert's probability over tokens and layers [E]
 * @param squaredLogSumExp sum of squared log-sum-exps of the routers' logits over tokens and layers
 * @param divergence sum of the divergences from the teacher over counted tokens, nats; 0 without
 *     one
 */
public record PassSums(
    double loss,
    ImmutableLongArray load,
    ImmutableDoubleArray probability,
    double squaredLogSumExp,
    double divergence) {

  static PassSums of(PtNDManager manager, IValue result) {
    PtNDArray[] sums = result.toTensorArray(manager);
    try {
      float[] probability = sums[2].toFloatArray();
      return new PassSums(
          sums[0].getDouble(0),
          ImmutableLongArray.copyOf(sums[1].toLongArray()),
          ImmutableDoubleArray.copyOf(
              IntStream.range(0, probability.length).mapToDouble(i -> probability[i])),
          sums[3].getFloat(0),
          sums[4].getDouble(0));
    } finally {
      for (PtNDArray sum : sums) {
        sum.close();
      }
    }
  }
}

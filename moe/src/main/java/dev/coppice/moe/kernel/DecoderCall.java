package dev.coppice.moe.kernel;

import static com.google.common.base.Preconditions.checkArgument;

import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.GroupedAttention.HeadNorm;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;

/**
 * The numbers that tell a kernel what it computes.
 *
 * @param spec shape of the model
 * @param batch sequences B
 * @param sequence tokens of each, S
 * @param bfloat16 whether matrix products run in bfloat16
 * @param chunk tokens whose logits are held at once
 */
public record DecoderCall(MoeSpec spec, int batch, int sequence, boolean bfloat16, int chunk) {
  private static final int FLOAT32 = 6;
  private static final int BFLOAT16 = 15;

  /** Checks that there are tokens. */
  public DecoderCall {
    checkArgument(batch > 0 && sequence > 0, "tokens must be B x S, got %s x %s", batch, sequence);
    checkArgument(chunk > 0, "chunk must be positive, got %s tokens", chunk);
  }

  /** The argument {@code shape} of model.py. */
  long[] shape() {
    int layers = spec.layerCount();
    long[] shape = new long[9 + layers];
    shape[0] = batch;
    shape[1] = sequence;
    GroupedAttention attention = (GroupedAttention) spec.attention();
    shape[2] = attention.heads();
    shape[3] = attention.keyValueHeads();
    shape[4] = attention.headDim();
    shape[5] = attention.headNorm() == HeadNorm.PER_HEAD ? 1 : 0;
    shape[6] = bfloat16 ? BFLOAT16 : FLOAT32;
    shape[7] = spec.router().renormalize() ? 1 : 0;
    shape[8] = chunk;
    for (int i = 0; i < layers; i++) {
      shape[9 + i] = spec.layers().get(i) instanceof LayerSpec.Moe moe ? moe.topK() : 0;
    }
    return shape;
  }

  /** The first two of the argument {@code numbers} of model.py. */
  double[] numbers() {
    return new double[] {spec.normEpsilon(), spec.attention().rope().theta()};
  }
}

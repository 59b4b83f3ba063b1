package dev.coppice.moe.kernel;

import ai.djl.pytorch.jni.IValue;
import dev.coppice.moe.spec.LayerSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the members of a team pass one another while they train on one batch: arrays of all its
 * tokens, for each mixture layer and for the backward pass.
 *
 * <p>Layers that are computed anew in the backward pass use the same arrays in turn.
 */
public final class Exchange implements AutoCloseable {
  private final List<IValue> byLayer = new ArrayList<>();
  private final Map<Integer, IValue> byTopK = new HashMap<>();
  private final List<IValue> owned = new ArrayList<>();
  private final IValue back;

  /**
   * Makes the arrays.
   *
   * @param inputs of the whole batch
   */
  Exchange(KernelLibrary kernels, KernelLibrary.Inputs inputs) {
    DecoderCall call = inputs.call();
    long tokens = (long) call.batch() * call.sequence();
    int mostK =
        call.spec().layers().stream()
            .mapToInt(Exchange::topK)
            .max()
            .orElseThrow(AssertionError::new);
    Arguments forBack = new Arguments().integer(tokens).integer(mostK).tensors(inputs.parameters());
    this.back = own(kernels.call("exchange_back", forBack));
    for (LayerSpec layer : call.spec().layers()) {
      byLayer.add(layer instanceof LayerSpec.Moe moe ? common(kernels, inputs, moe.topK()) : back);
    }
  }

  private static int topK(LayerSpec layer) {
    return layer instanceof LayerSpec.Moe moe ? moe.topK() : 0;
  }

  private IValue common(KernelLibrary kernels, KernelLibrary.Inputs inputs, int topK) {
    return inputs.call().options().recompute()
        ? byTopK.computeIfAbsent(topK, k -> make(kernels, inputs, k))
        : make(kernels, inputs, topK);
  }

  private IValue make(KernelLibrary kernels, KernelLibrary.Inputs inputs, int topK) {
    DecoderCall call = inputs.call();
    Arguments arguments =
        new Arguments()
            .integer((long) call.batch() * call.sequence())
            .integer(topK)
            .tensors(inputs.parameters())
            .integers(call.shape(false));
    return own(kernels.call("exchange", arguments));
  }

  private IValue own(IValue value) {
    owned.add(value);
    return value;
  }

  /** The arrays of one layer; meaningless for a dense one. */
  IValue common(int layer) {
    return byLayer.get(layer);
  }

  /** The arrays of the backward pass. */
  IValue back() {
    return back;
  }

  @Override
  public void close() {
    owned.forEach(IValue::close);
  }
}

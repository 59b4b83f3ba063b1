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
   * @param call on the whole batch
   * @param parameters of the model
   */
  Exchange(KernelLibrary kernels, DecoderCall call, TensorList parameters) {
    int mostK = call.spec().layers().stream().mapToInt(Exchange::topK).max().orElse(0);
    this.back = own(kernels.call("exchange_back", of(call, mostK).tensors(parameters)));
    for (LayerSpec layer : call.spec().layers()) {
      byLayer.add(topK(layer) > 0 ? common(kernels, call, topK(layer), parameters) : back);
    }
  }

  private static int topK(LayerSpec layer) {
    return layer instanceof LayerSpec.Moe moe ? moe.topK() : 0;
  }

  private static Arguments of(DecoderCall call, int topK) {
    return new Arguments().integer((long) call.batch() * call.sequence()).integer(topK);
  }

  private IValue common(KernelLibrary kernels, DecoderCall call, int topK, TensorList parameters) {
    return call.options().recompute()
        ? byTopK.computeIfAbsent(topK, k -> make(kernels, call, k, parameters))
        : make(kernels, call, topK, parameters);
  }

  private IValue make(KernelLibrary kernels, DecoderCall call, int topK, TensorList parameters) {
    Arguments arguments = of(call, topK).tensors(parameters).integers(call.shape(false));
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

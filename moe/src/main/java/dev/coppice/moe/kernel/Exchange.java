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
  private final Map<Rows, IValue> byRows = new HashMap<>();
  private final List<IValue> owned = new ArrayList<>();
  private final IValue back;

  /** What the arrays' shapes depend on. */
  private record Rows(int topK, int experts, int width) {}

  /**
   * Makes the arrays.
   *
   * @param call on the whole batch
   * @param parameters of the model
   */
  Exchange(KernelLibrary kernels, DecoderCall call, TensorList parameters) {
    int mostK = call.spec().layers().stream().mapToInt(Exchange::topK).max().orElse(0);
    this.back =
        own(
            kernels.call(
                "exchange_back", of(call, mostK).tensors(parameters).integers(call.shape(false))));
    for (int layer = 0; layer < call.spec().layerCount(); layer++) {
      byLayer.add(
          call.spec().layers().get(layer) instanceof LayerSpec.Moe moe
              ? common(kernels, call, layer, moe, parameters)
              : back);
    }
  }

  private static int topK(LayerSpec layer) {
    return layer instanceof LayerSpec.Moe moe ? moe.topK() : 0;
  }

  private static Arguments of(DecoderCall call, int topK) {
    return new Arguments().integer((long) call.batch() * call.sequence()).integer(topK);
  }

  private IValue common(
      KernelLibrary kernels, DecoderCall call, int layer, LayerSpec.Moe moe, TensorList of) {
    if (!call.options().recompute()) {
      return make(kernels, call, layer, moe.topK(), of);
    }
    return byRows.computeIfAbsent(
        new Rows(moe.topK(), moe.experts(), moe.expertWidth()),
        rows -> make(kernels, call, layer, rows.topK(), of));
  }

  private IValue make(
      KernelLibrary kernels, DecoderCall call, int layer, int topK, TensorList parameters) {
    Arguments arguments =
        of(call, topK).integer(layer).tensors(parameters).integers(call.shape(false));
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

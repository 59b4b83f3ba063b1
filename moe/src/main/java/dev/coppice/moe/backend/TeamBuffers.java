package dev.coppice.moe.backend;

import ai.djl.pytorch.jni.IValue;
import dev.coppice.moe.kernel.DecoderCall;
import dev.coppice.moe.spec.LayerSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The buffers that the members of a team share while they train on one batch: arrays of all its
 * tokens, for each mixture layer and for the backward pass.
 *
 * <p>Layers that are computed anew in the backward pass use the same arrays in turn.
 */
public final class TeamBuffers implements AutoCloseable {
  private final KernelLibrary kernels;
  private final DecoderCall call;
  private final ModelTensors parameters;
  private final List<IValue> byLayer = new ArrayList<>();
  private final Map<Rows, IValue> byRows = new HashMap<>();
  private final List<IValue> owned = new ArrayList<>();
  private final IValue gradBuffers;

  /** Dimensions of the arrays. */
  private record Rows(int topK, int experts, int width) {}

  /**
   * Makes the arrays.
   *
   * @param call on the whole batch
   * @param parameters of the model
   */
  TeamBuffers(KernelLibrary kernels, DecoderCall call, ModelTensors parameters) {
    this.kernels = kernels;
    this.call = call;
    this.parameters = parameters;
    int mostK = call.spec().layers().stream().mapToInt(LayerSpec::topK).max().orElse(0);
    this.gradBuffers = own(kernels.call("grad_buffers", record(tokens().integer(mostK))));
    IValue none = own(kernels.call("no_buffers", new Arguments().model(parameters)));
    for (int i = 0; i < call.spec().layerCount(); i++) {
      int layer = i;
      byLayer.add(
          call.spec().layers().get(i).mixture().map(moe -> ofLayer(layer, moe)).orElse(none));
    }
  }

  private Arguments tokens() {
    return new Arguments().integer((long) call.batch() * call.sequence());
  }

  private Arguments record(Arguments arguments) {
    return arguments.model(parameters).made(kernels.record(call, DecoderCall.Factors.NONE, false));
  }

  private IValue ofLayer(int layer, LayerSpec.Moe moe) {
    if (!call.options().recompute()) {
      return make(layer, moe.topK());
    }
    return byRows.computeIfAbsent(
        new Rows(moe.topK(), moe.experts(), moe.expertWidth()), rows -> make(layer, rows.topK()));
  }

  private IValue make(int layer, int topK) {
    return own(kernels.call("buffers", record(tokens().integer(topK).integer(layer))));
  }

  private IValue own(IValue value) {
    owned.add(value);
    return value;
  }

  /** The arrays of one layer; meaningless for a dense one. */
  IValue buffers(int layer) {
    return byLayer.get(layer);
  }

  /** The arrays of the backward pass. */
  IValue gradBuffers() {
    return gradBuffers;
  }

  @Override
  public void close() {
    owned.forEach(IValue::close);
  }
}

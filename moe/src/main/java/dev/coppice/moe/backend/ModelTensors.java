package dev.coppice.moe.backend;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.jni.IValue;
import java.util.List;

/**
 * All parameters of a model, or their gradients, as the kernels' record {@code Model}; made once
 * and passed many times.
 *
 * <p>It keeps the arrays' memory alive; close it before their manager.
 */
public final class ModelTensors implements AutoCloseable {
  private final IValue value;

  private ModelTensors(IValue value) {
    this.value = value;
  }

  /**
   * The record of those arrays.
   *
   * @param kernels that read it
   * @param arrays embedding, final norm and head, then for each layer one of every {@link
   *     dev.coppice.moe.kernel.LayerParameter}, empty where the model has none
   */
  public static ModelTensors of(KernelLibrary kernels, List<? extends NDArray> arrays) {
    try (TensorList list = TensorList.of(arrays)) {
      return new ModelTensors(kernels.call("model", new Arguments().tensors(list)));
    }
  }

  IValue value() {
    return value;
  }

  @Override
  public void close() {
    value.close();
  }
}

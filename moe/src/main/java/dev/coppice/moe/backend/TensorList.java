package dev.coppice.moe.backend;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import java.util.List;

/**
 * Arrays that go to kernels as one argument, made once and passed many times.
 *
 * <p>It keeps the arrays' memory alive; close it before their manager.
 */
public final class TensorList implements AutoCloseable {
  private final IValue value;

  private TensorList(IValue value) {
    this.value = value;
  }

  /**
   * A list of those arrays, in that order.
   *
   * @param arrays of the PyTorch engine
   */
  public static TensorList of(List<? extends NDArray> arrays) {
    return new TensorList(
        IValue.listFrom(arrays.stream().map(PtNDArray.class::cast).toArray(PtNDArray[]::new)));
  }

  IValue value() {
    return value;
  }

  @Override
  public void close() {
    value.close();
  }
}

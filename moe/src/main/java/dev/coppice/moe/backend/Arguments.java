package dev.coppice.moe.backend;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import java.util.ArrayList;
import java.util.List;

/** Arguments of one kernel call, in order; closes those that it made itself. */
final class Arguments implements AutoCloseable {
  private final List<IValue> values = new ArrayList<>();
  private final List<IValue> owned = new ArrayList<>();

  /** An array as an argument; the caller closes it. */
  static IValue of(NDArray array) {
    return IValue.from((PtNDArray) array);
  }

  Arguments tensor(NDArray array) {
    return own(of(array));
  }

  Arguments tensors(TensorList list) {
    values.add(list.value());
    return this;
  }

  /** A value that the caller closes. */
  Arguments value(IValue value) {
    values.add(value);
    return this;
  }

  Arguments model(ModelTensors tensors) {
    values.add(tensors.value());
    return this;
  }

  /** A value that is closed with the others. */
  Arguments made(IValue value) {
    return own(value);
  }

  Arguments integer(long number) {
    return own(IValue.from(number));
  }

  Arguments integers(long... numbers) {
    return own(IValue.listFrom(numbers));
  }

  Arguments numbers(double... numbers) {
    return own(IValue.listFrom(numbers));
  }

  /** Numbers as arguments of their own. */
  Arguments eachNumber(double... numbers) {
    for (double number : numbers) {
      number(number);
    }
    return this;
  }

  Arguments number(double number) {
    return own(IValue.from(number));
  }

  IValue[] values() {
    return values.toArray(new IValue[0]);
  }

  private Arguments own(IValue value) {
    owned.add(value);
    values.add(value);
    return this;
  }

  @Override
  public void close() {
    owned.forEach(IValue::close);
  }
}

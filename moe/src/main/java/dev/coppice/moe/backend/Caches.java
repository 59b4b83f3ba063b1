package dev.coppice.moe.backend;

import ai.djl.pytorch.jni.IValue;

/** Keys and values of all layers, for one sequence; made by {@link KernelLibrary#caches}. */
public final class Caches implements AutoCloseable {
  private final IValue value;

  Caches(IValue value) {
    this.value = value;
  }

  IValue value() {
    return value;
  }

  @Override
  public void close() {
    value.close();
  }
}

package dev.coppice.moe.backend;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;

/**
 * A backend that this build does not have: every use is refused with the same sentence.
 *
 * @param name such as {@code cuda}
 */
record AbsentBackend(String name) implements Backend {
  private CoppiceException refusal() {
    return new CoppiceException(
        ErrorKind.REQUEST_INVALID,
        PROPERTY
            + " must name a backend of this build, which has "
            + CpuBackend.NAME
            + " only, got '"
            + name
            + "'");
  }

  @Override
  public Facts facts() {
    throw refusal();
  }

  @Override
  public boolean threadsGiven() {
    throw refusal();
  }

  @Override
  public KernelLibrary kernels() {
    throw refusal();
  }

  @Override
  public NDManager newManager() {
    throw refusal();
  }

  @Override
  public Workers newWorkers() {
    throw refusal();
  }

  @Override
  public <E extends Exception> void upload(
      NDArray to, long offset, long count, HostMemory<E> fill) {
    throw refusal();
  }

  @Override
  public <E extends Exception> void download(
      NDArray from, long offset, long count, HostMemory<E> read) {
    throw refusal();
  }
}

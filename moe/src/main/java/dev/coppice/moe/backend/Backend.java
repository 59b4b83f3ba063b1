package dev.coppice.moe.backend;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;

/**
 * Where arrays lie and kernels run: chosen once, and held by every model.
 *
 * <p>It owns the compiled kernels, the way between host memory and arrays, the threads that share a
 * batch, and the facts that decide how sums are rounded. A backend that is not there is an {@link
 * AbsentBackend}, which refuses each call with the same sentence. Several threads may use it.
 */
public interface Backend {
  /** The property that names another backend than {@code cpu}. */
  String PROPERTY = "coppice.backend";

  /**
   * The backend of this process, opened at the first call.
   *
   * <p>It is {@code cpu}, or that of the property {@link #PROPERTY}.
   */
  static Backend forThisMachine() {
    return Backends.here();
  }

  /**
   * The backend of a name; one that is not there refuses when it is used.
   *
   * @param name such as {@code cpu} or {@code cuda}
   */
  static Backend named(String name) {
    return Backends.named(name);
  }

  /** Its name, which a run records. */
  String name();

  /**
   * What decides how sums are rounded.
   *
   * @param kernels version of the kernels, such as {@code 1-blas}
   * @param instructionSet that operators use, such as {@code AVX512}
   * @param threads that one operator may use now
   */
  record Facts(String kernels, String instructionSet, int threads) {}

  /** The facts as they are now. */
  Facts facts();

  /** Whether the number of threads was set from outside, and is not to be chosen. */
  boolean threadsGiven();

  /** The kernels, compiled at the first call. */
  KernelLibrary kernels();

  /** A manager of arrays here; the caller closes it. */
  NDManager newManager();

  /** Threads that share batches; the caller closes them. */
  Workers newWorkers();

  /** Fills or reads host memory, little-endian, from its position to its limit. */
  @FunctionalInterface
  interface HostMemory<E extends Exception> {
    /**
     * Uses the memory, which is valid during this call only.
     *
     * @throws E where files fail
     */
    void use(ByteBuffer memory) throws E;
  }

  /**
   * Sets consecutive elements of an array from host memory, all of which must be filled.
   *
   * @param to a float32 array
   * @param offset first element
   * @param count elements, less than 2^29
   * @throws E what filling the memory throws; the elements are undefined then
   */
  <E extends Exception> void upload(NDArray to, long offset, long count, HostMemory<E> fill)
      throws E;

  /**
   * Shows consecutive elements of an array in host memory, which is not to be changed.
   *
   * @param from a float32 array
   * @param offset first element
   * @param count elements, less than 2^29
   * @throws E what reading the memory throws
   */
  <E extends Exception> void download(NDArray from, long offset, long count, HostMemory<E> read)
      throws E;
}

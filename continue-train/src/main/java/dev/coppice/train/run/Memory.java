package dev.coppice.train.run;

import ai.djl.engine.EngineException;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.io.IOException;

/** Distinguishes out-of-memory errors from others. */
public final class Memory {
  private Memory() {}

  /**
   * Something that takes memory.
   *
   * @param <T> what it makes
   */
  @FunctionalInterface
  public interface Work<T> {
    /**
     * Does it.
     *
     * @throws IOException when it cannot be read or written
     */
    T run() throws IOException;
  }

  /**
   * Runs something, and names want of memory as such.
   *
   * @param work what to run
   * @param <T> what it makes
   * @throws CoppiceException with {@link ErrorKind#RESOURCE} when memory does not suffice
   * @throws IOException when the work throws one
   */
  public static <T> T guarded(Work<T> work) throws IOException {
    try {
      return work.run();
    } catch (OutOfMemoryError | EngineException e) {
      String lack = lack(e);
      if (lack.isEmpty()) {
        throw e;
      }
      throw new CoppiceException(ErrorKind.RESOURCE, lack, e);
    }
  }

  /** The message for an out-of-memory error, on the heap or outside; else nothing. */
  static String lack(Throwable e) {
    if (e.getMessage() == null && e.getCause() != null) {
      return lack(e.getCause());
    }
    String message = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    boolean lacks =
        e instanceof OutOfMemoryError
            || message.contains("allocate memory")
            || message.contains("not enough memory");
    return lacks ? "memory must suffice, got " + message : "";
  }
}

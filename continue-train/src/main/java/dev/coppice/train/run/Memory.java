package dev.coppice.train.run;

import ai.djl.engine.EngineException;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import java.io.IOException;

/** Tells want of memory from other errors. */
final class Memory {
  private Memory() {}

  /** Something that takes memory. */
  interface Work<T> {
    T run() throws IOException;
  }

  /** Runs something, and names want of memory as such. */
  static <T> T guarded(Work<T> work) throws IOException {
    try {
      return work.run();
    } catch (OutOfMemoryError | EngineException e) {
      String lack = lack(e);
      if (lack.isEmpty()) {
        throw e;
      }
      throw new CoppiceException(ExitCode.RESOURCE, lack, e);
    }
  }

  /** What to say of an error if it is want of memory, on the heap or outside; else nothing. */
  static String lack(Throwable e) {
    String message = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    boolean lacks =
        e instanceof OutOfMemoryError
            || message.contains("allocate memory")
            || message.contains("not enough memory");
    return lacks ? "memory must suffice, got " + message : "";
  }
}

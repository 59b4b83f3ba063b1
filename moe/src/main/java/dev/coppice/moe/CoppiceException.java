package dev.coppice.moe;

import org.jspecify.annotations.Nullable;

/** An error that its reader can act on: the message names the thing, the rule and the value. */
public class CoppiceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ExitCode exitCode;

  /**
   * An error without a cause.
   *
   * @param exitCode of a command that fails with it
   * @param message the thing, the rule and the value, with file, tensor and offset for data
   */
  public CoppiceException(ExitCode exitCode, String message) {
    this(exitCode, message, null);
  }

  /**
   * An error with its cause.
   *
   * @param exitCode of a command that fails with it
   * @param message the thing, the rule and the value, with file, tensor and offset for data
   * @param cause what was caught
   */
  public CoppiceException(ExitCode exitCode, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  /** Exit code of a command that fails with this error. */
  public final ExitCode exitCode() {
    return exitCode;
  }
}

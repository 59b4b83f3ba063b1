package dev.coppice.moe;

import org.jspecify.annotations.Nullable;

/** An error that its reader can act on: the message names the thing, the rule and the value. */
public class CoppiceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorKind kind;

  /**
   * An error without a cause.
   *
   * @param kind for callers that treat kinds differently
   * @param message the thing, the rule and the value, with file, tensor and offset for data
   */
  public CoppiceException(ErrorKind kind, String message) {
    this(kind, message, null);
  }

  /**
   * An error with its cause.
   *
   * @param kind for callers that treat kinds differently
   * @param message the thing, the rule and the value, with file, tensor and offset for data
   * @param cause what was caught
   */
  public CoppiceException(ErrorKind kind, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** The kind of this error. */
  public final ErrorKind kind() {
    return kind;
  }
}

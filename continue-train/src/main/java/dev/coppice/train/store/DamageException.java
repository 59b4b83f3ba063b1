package dev.coppice.train.store;

import org.jspecify.annotations.Nullable;

/** A checkpoint is not as it was written; the message says what is not. */
public final class DamageException extends Exception {
  private static final long serialVersionUID = 1L;

  DamageException(String message) {
    this(message, null);
  }

  DamageException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}

package dev.coppice.train.data.parquet;

import org.jspecify.annotations.Nullable;

/** A Parquet file breaks its format; the message has rule and value, no place. */
final class DamagedParquetException extends RuntimeException {
  private static final long serialVersionUID = 1;

  DamagedParquetException(String message) {
    super(message);
  }

  /**
   * A value that the format requires.
   *
   * @param value as read
   * @param what the format calls it
   */
  static <T> T required(@Nullable T value, String what) {
    if (value == null) {
      throw new DamagedParquetException("file must state its " + what + ", got nothing");
    }
    return value;
  }

  DamagedParquetException(String message, Throwable cause) {
    super(message, cause);
  }
}

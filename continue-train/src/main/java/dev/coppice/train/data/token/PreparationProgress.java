package dev.coppice.train.data.token;

/** Hears how far the preparation of data has come. Called by one thread. */
@FunctionalInterface
public interface PreparationProgress {
  /** Hears nothing. */
  PreparationProgress NONE = (what, done, total) -> {};

  /**
   * Reports.
   *
   * @param what is being done
   * @param done bytes done
   * @param total bytes in all; positive
   */
  void update(String what, long done, long total);
}

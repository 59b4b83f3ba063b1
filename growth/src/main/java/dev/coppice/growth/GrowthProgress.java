package dev.coppice.growth;

/**
 * Hears how far a growth or a verification has come; called by one thread, a few times a second.
 */
@FunctionalInterface
public interface GrowthProgress {
  /** Hears nothing. */
  GrowthProgress NONE = (done, total) -> {};

  /**
   * Bytes dealt with so far.
   *
   * @param done bytes written or compared, and bytes hashed
   * @param total what {@code done} will be at the end
   */
  void update(long done, long total);
}

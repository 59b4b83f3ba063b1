package dev.coppice.train.run;

/**
 * Permissions of a resume beyond an exact one.
 *
 * @param inexact resume even if the environment differs: results agree but for rounding
 * @param fallBack resume from an older checkpoint where newer ones are damaged
 */
public record ResumeSpec(boolean inexact, boolean fallBack) {
  /** Falls back, and is exact. */
  public static final ResumeSpec DEFAULT = new ResumeSpec(false, true);
}

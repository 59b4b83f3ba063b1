package dev.coppice.growth.plan;

import java.util.Locale;

/** Which of the folders or files that a plan reads. */
public enum SourceId {
  /** The checkpoint that grows, or the base of a difference. */
  MODEL,
  /** A checkpoint that was tuned from the base. */
  TUNED,
  /** The optimizer's state beside the checkpoint that grows. */
  STATE;

  /** The word for it in a lineage. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}

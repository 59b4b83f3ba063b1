package dev.coppice.moe;

/** The kind of an error, for callers that treat kinds differently. */
public enum ErrorKind {
  /** Something failed that no other kind names. */
  FAILED,
  /** A request, a recipe or a budget asks for something impossible. */
  REQUEST_INVALID,
  /** Input data is missing or malformed. */
  INPUT_INVALID,
  /** Data was read and differs from its record. */
  INTEGRITY,
  /** Disk or memory does not suffice. */
  RESOURCE,
  /** Training met numbers that are not finite. */
  DIVERGED,
  /** A signal stopped the work, and everything is saved. */
  PREEMPTED
}

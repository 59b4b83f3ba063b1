package dev.coppice.moe.cli;

import dev.coppice.moe.ErrorKind;

/** How a command ends; the numbers are part of the command line's contract. */
public enum ExitCode {
  /** All was done. */
  OK(0),
  /** Something failed that no other code names. */
  ERROR(1),
  /** The command line, a recipe or a budget is invalid. */
  USAGE(2),
  /** Input data is missing or malformed. */
  INPUT_INVALID(3),
  /** Data was read, and is not what its record says. */
  INTEGRITY(4),
  /** Disk or memory does not suffice. */
  RESOURCE(5),
  /** Training met numbers that are not finite. */
  DIVERGED(6),
  /** Stopped by a signal, with everything saved. */
  PREEMPTED(75);

  private final int number;

  ExitCode(int number) {
    this.number = number;
  }

  /** The code of a command that ends with an error of some kind. */
  static ExitCode of(ErrorKind kind) {
    return switch (kind) {
      case FAILED -> ERROR;
      case REQUEST_INVALID -> USAGE;
      case INPUT_INVALID -> INPUT_INVALID;
      case INTEGRITY -> INTEGRITY;
      case RESOURCE -> RESOURCE;
      case DIVERGED -> DIVERGED;
      case PREEMPTED -> PREEMPTED;
    };
  }

  /** The process exit status. */
  public int number() {
    return number;
  }
}

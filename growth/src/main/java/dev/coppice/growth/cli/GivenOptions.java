package dev.coppice.growth.cli;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/** Which options were given on the command line, and what follows from that for the others. */
final class GivenOptions {
  private final CommandSpec spec;

  GivenOptions(CommandSpec spec) {
    this.spec = spec;
  }

  /** Whether an option was given, be it with its default. */
  boolean has(String option) {
    return spec.commandLine().getParseResult().hasMatchedOption(option);
  }

  /**
   * Refuses options that mean nothing beside another, or the opposite of it.
   *
   * @param option one that was given
   * @param others those that must not be given beside it
   */
  void exclude(String option, List<String> others) {
    for (String other : others) {
      if (has(option) && has(other)) {
        throw refusal(option + " excludes " + other);
      }
    }
  }

  /**
   * Refuses options that need another.
   *
   * @param options those that may have been given
   * @param met whether what they need is there
   * @param needed what they need, as the message says it
   */
  void need(List<String> options, boolean met, String needed) {
    for (String option : options) {
      if (!met && has(option)) {
        throw refusal(option + " needs " + needed + ", got none");
      }
    }
  }

  /** A usage error. */
  static CoppiceException refusal(String message) {
    return new CoppiceException(ErrorKind.REQUEST_INVALID, message);
  }
}

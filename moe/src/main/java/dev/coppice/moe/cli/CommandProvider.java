package dev.coppice.moe.cli;

import java.util.List;

/** A module's picocli commands, found with {@link java.util.ServiceLoader}. */
public interface CommandProvider {

  /**
   * Objects annotated with {@link picocli.CommandLine.Command}, in the order that help lists them.
   */
  List<Object> commands();
}

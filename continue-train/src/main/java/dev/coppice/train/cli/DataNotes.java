package dev.coppice.train.cli;

import dev.coppice.moe.cli.OutputOptions;
import dev.coppice.train.data.DataLines;
import dev.coppice.train.data.DataRecord;
import picocli.CommandLine.Model.CommandSpec;

/** Says what was read, before it is used. */
final class DataNotes {
  private DataNotes() {}

  /** Prints a line a part beside the results, unless the command is quiet. */
  static void print(DataRecord data, CommandSpec command, OutputOptions output) {
    if (!output.quiet()) {
      DataLines.of(data).forEach(command.commandLine().getErr()::println);
      command.commandLine().getErr().flush();
    }
  }
}

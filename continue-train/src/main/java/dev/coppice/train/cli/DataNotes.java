package dev.coppice.train.cli;

import dev.coppice.moe.cli.OutputOptions;
import dev.coppice.train.data.DataLines;
import dev.coppice.train.data.DataRecord;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/** Prints the data of a command before its use. */
final class DataNotes {
  private DataNotes() {}

  /**
   * Prints a line a part beside the results; of a quiet command, only where files were left out.
   */
  static void print(DataRecord data, CommandSpec command, OutputOptions output) {
    List<String> lines = output.quiet() ? DataLines.ofIncomplete(data) : DataLines.of(data);
    lines.forEach(command.commandLine().getErr()::println);
    command.commandLine().getErr().flush();
  }
}

package dev.coppice.bench.micro;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.cli.Coppice;
import dev.coppice.moe.cli.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Runs the commands that handle checkpoints once, on a checkpoint of a few bytes.
 *
 * <p>The launcher does this when it has built the program, to write down the classes that are
 * loaded: later commands find them parsed and checked. The checkpoint is made here, of zeros, so
 * that nothing but the program is needed; it stands in this module because it sees all commands.
 */
public final class Rehearsal {
  private Rehearsal() {}

  /**
   * Runs the commands; ends with the code of the first that fails, else with 0.
   *
   * @param arguments the folder for checkpoints, which must exist and be empty
   */
  public static void main(String[] arguments) throws IOException {
    System.exit(run(Path.of(arguments[0])));
  }

  /** Likewise, but returns the code. */
  static int run(Path folder) throws IOException {
    String source = folder.resolve("source").toString();
    String grown = folder.resolve("grown").toString();
    ZeroCheckpoint.write(Path.of(source), ZeroCheckpoint.spec(4, 4));
    // a warning, so that logging is set up as well
    Files.createFile(Path.of(source, "unlisted.safetensors"));
    List<List<String>> commands =
        ImmutableList.of(
            List.of("--version"),
            List.of("grow", "--help"),
            List.of("inspect", source),
            List.of("advise", source),
            // an index, several weight files and a lineage
            List.of("grow", source, grown, "--depth=2", "--width=2", "--max-shard-size=1KB"),
            List.of("inspect", grown, "--json"),
            List.of("verify", source, grown));
    for (List<String> command : commands) {
      String[] arguments = command.toArray(String[]::new);
      int code = Coppice.commandLineFor(arguments).execute(arguments);
      if (code != ExitCode.OK.number()) {
        return code;
      }
    }
    return ExitCode.OK.number();
  }
}

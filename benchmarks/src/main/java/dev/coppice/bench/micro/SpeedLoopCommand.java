package dev.coppice.bench.micro;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.coppice.moe.cli.ExitCode;
import dev.coppice.moe.cli.OutputOptions;
import dev.coppice.moe.io.PlainJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code coppice bench speed loop}. */
@Command(
    name = "loop",
    description =
        "Measures the time that the training loop, its data and its checkpoints add to bare"
            + " steps.")
public final class SpeedLoopCommand implements Callable<Integer> {
  @Spec private CommandSpec command;
  @Mixin private OutputOptions output;

  @Option(
      names = "--rounds",
      defaultValue = "7",
      description = "Number of measured rounds (default: ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--part",
      defaultValue = "8",
      description = "Steps in each third of a round (default: ${DEFAULT-VALUE}).")
  private int part;

  /** Made by picocli. */
  public SpeedLoopCommand() {}

  @Override
  public Integer call() throws IOException {
    Path folder = Files.createTempDirectory("coppice-speed-loop-");
    try {
      SpeedLoop.Result result = SpeedLoop.run(folder, rounds, part);
      ObjectNode json =
          PlainJson.mapper()
              .createObjectNode()
              .put("loop_over_bare", result.loopOverBare())
              .put("wait_share", result.waitShare())
              .put("save_seconds", result.saveSeconds())
              .put("save_share", result.saveShare(100))
              .put("step_seconds", result.stepSeconds());
      output.print(command.commandLine().getOut(), json, result.text());
    } finally {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }
    return ExitCode.OK.number();
  }
}

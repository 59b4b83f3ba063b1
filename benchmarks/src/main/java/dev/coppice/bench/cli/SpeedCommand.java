package dev.coppice.bench.cli;

import dev.coppice.bench.micro.SpeedDataCommand;
import dev.coppice.bench.micro.SpeedGrowCommand;
import dev.coppice.bench.micro.SpeedLoopCommand;
import dev.coppice.bench.micro.SpeedTrainCommand;
import picocli.CommandLine.Command;

/** {@code coppice bench speed}: how fast training, growing and reading are here. */
@Command(
    name = "speed",
    description = "Measures the speed of training, growing and reading on this machine.",
    synopsisSubcommandLabel = "WHAT",
    subcommands = {
      SpeedTrainCommand.class,
      SpeedLoopCommand.class,
      SpeedGrowCommand.class,
      SpeedDataCommand.class
    })
final class SpeedCommand {
  SpeedCommand() {}
}

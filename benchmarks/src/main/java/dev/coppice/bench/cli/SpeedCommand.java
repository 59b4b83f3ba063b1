package dev.coppice.bench.cli;

import dev.coppice.bench.micro.SpeedGrowCommand;
import dev.coppice.bench.micro.SpeedLoopCommand;
import dev.coppice.bench.micro.SpeedTrainCommand;
import picocli.CommandLine.Command;

/** {@code coppice bench speed}: how fast training and growing are here. */
@Command(
    name = "speed",
    description = "Measures how fast training and growing are on this machine.",
    synopsisSubcommandLabel = "WHAT",
    subcommands = {SpeedTrainCommand.class, SpeedLoopCommand.class, SpeedGrowCommand.class})
final class SpeedCommand {
  SpeedCommand() {}
}

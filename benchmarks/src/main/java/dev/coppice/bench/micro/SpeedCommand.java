package dev.coppice.bench.micro;

import picocli.CommandLine.Command;

/** {@code coppice bench speed}: how fast training and growing are here. */
@Command(
    name = "speed",
    description = "Measures how fast training and growing are on this machine.",
    synopsisSubcommandLabel = "WHAT",
    subcommands = {SpeedTrainCommand.class})
public final class SpeedCommand {
  /** Made by picocli. */
  public SpeedCommand() {}
}

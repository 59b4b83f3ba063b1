package dev.coppice.bench.cli;

import picocli.CommandLine.Command;

/** {@code coppice bench speed}: how fast training and growing are here. */
@Command(
    name = "speed",
    description = "Measures how fast training and growing are on this machine.",
    synopsisSubcommandLabel = "WHAT")
final class SpeedCommand {
  SpeedCommand() {}
}

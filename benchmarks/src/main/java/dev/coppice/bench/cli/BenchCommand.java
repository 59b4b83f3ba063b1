package dev.coppice.bench.cli;

import picocli.CommandLine.Command;

/** {@code coppice bench}: what holds the experiments and the speed benchmarks. */
@Command(
    name = "bench",
    description = "Runs experiments and speed benchmarks.",
    synopsisSubcommandLabel = "BENCHMARK",
    subcommands = {GrowVersusScratchCommand.class, SpeedCommand.class})
final class BenchCommand {
  BenchCommand() {}
}

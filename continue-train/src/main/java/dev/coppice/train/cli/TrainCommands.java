package dev.coppice.train.cli;

import dev.coppice.moe.cli.CommandProvider;
import java.util.List;

/** Brings {@code train}, {@code eval}, {@code routers} and {@code report} to the command line. */
public final class TrainCommands implements CommandProvider {
  /** Made by {@link java.util.ServiceLoader}. */
  public TrainCommands() {}

  @Override
  public List<Object> commands() {
    return List.of(
        new TrainCommand(), new EvalCommand(), new RoutersCommand(), new ReportCommand());
  }
}

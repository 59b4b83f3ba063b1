package dev.coppice.bench.cli;

import dev.coppice.moe.cli.CommandProvider;
import java.util.List;

/** The commands of this module. */
public final class BenchCommands implements CommandProvider {
  /** Made by the service loader. */
  public BenchCommands() {}

  @Override
  public List<Object> commands() {
    return List.of(new DemoCommand(), new BenchCommand());
  }
}

package dev.coppice.moe.model.cli;

import dev.coppice.moe.cli.CommandProvider;
import java.util.List;

/** The commands of this package. */
public final class ModelCommands implements CommandProvider {
  /** Made by the service loader. */
  public ModelCommands() {}

  @Override
  public List<Object> commands() {
    return List.of(new LogitsCommand(), new SampleCommand());
  }
}

package dev.coppice.growth.cli;

import dev.coppice.moe.cli.CommandProvider;
import java.util.List;

/** Brings {@code inspect}, {@code advise}, {@code grow} and {@code verify} to the program. */
public final class GrowthCommands implements CommandProvider {
  /** Made by the service loader. */
  public GrowthCommands() {}

  @Override
  public List<Object> commands() {
    return List.of(
        new InspectCommand(), new AdviseCommand(), new GrowCommand(), new VerifyCommand());
  }
}

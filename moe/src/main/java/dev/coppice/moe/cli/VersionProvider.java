package dev.coppice.moe.cli;

import dev.coppice.moe.CoppiceVersion;
import picocli.CommandLine.IVersionProvider;

/** Answers {@code --version}. */
final class VersionProvider implements IVersionProvider {
  @Override
  public String[] getVersion() {
    return new String[] {"coppice " + CoppiceVersion.current()};
  }
}

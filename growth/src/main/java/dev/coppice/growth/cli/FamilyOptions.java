package dev.coppice.growth.cli;

import dev.coppice.moe.family.Families;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** The families of a command: those that Coppice brings, and those of the user's files. */
final class FamilyOptions {
  @Option(
      names = "--family",
      paramLabel = "FILE.json",
      description = "File that describes one more family; may be given several times.")
  private List<Path> files = List.of();

  Families families() throws IOException {
    Families families = Families.builtIn();
    for (Path file : files) {
      families = families.with(file);
    }
    return families;
  }
}

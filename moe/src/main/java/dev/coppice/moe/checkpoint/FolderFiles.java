package dev.coppice.moe.checkpoint;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/** Names of the files in a checkpoint folder. */
final class FolderFiles {
  static final String CONFIG = "config.json";
  static final String RECORD = "coppice.json";
  static final String CARD = "README.md";
  static final String WEIGHTS = "model.safetensors";
  static final String INDEX = "model.safetensors.index.json";

  private static final Set<String> OWN = Set.of(CONFIG, RECORD, CARD, INDEX);

  /** Programs and pickles: never carried on. */
  private static final Set<String> UNSAFE =
      Set.of("bin", "pt", "pth", "ckpt", "pkl", "py", "safetensors");

  private FolderFiles() {}

  /**
   * Tokenizer, generation settings, licence and the like: what growth and training carry on byte
   * for byte.
   */
  static ImmutableList<Path> sideFiles(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> isSideFile(file.getFileName().toString()))
          .sorted()
          .collect(ImmutableList.toImmutableList());
    }
  }

  private static boolean isSideFile(String name) {
    String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    return !name.startsWith(".")
        && !OWN.contains(name)
        && !UNSAFE.contains(extension)
        && !name.endsWith(".index.json");
  }
}

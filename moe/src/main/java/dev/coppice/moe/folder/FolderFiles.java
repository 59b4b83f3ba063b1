package dev.coppice.moe.folder;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/** Names of the files in a checkpoint folder. */
public final class FolderFiles {
  public static final String CONFIG = "config.json";
  public static final String RECORD = "coppice.json";
  public static final String CARD = "README.md";
  public static final String WEIGHTS = "model.safetensors";
  public static final String INDEX = "model.safetensors.index.json";

  private static final Set<String> OWN = Set.of(CONFIG, RECORD, CARD, INDEX);

  /** Programs and pickles: never carried on. */
  private static final Set<String> UNSAFE =
      Set.of("bin", "pt", "pth", "ckpt", "pkl", "py", "safetensors");

  private FolderFiles() {}

  /** Whether a file of that name is there; a link counts even if it leads nowhere. */
  public static boolean exists(Path folder, String name) {
    return Files.exists(folder.resolve(name), LinkOption.NOFOLLOW_LINKS);
  }

  /**
   * Refuses a file that lies elsewhere. A file may be a link, but only within the folder or to a
   * blob of the same hub cache entry, as the hub's own snapshots have them.
   *
   * @param file a path in the folder
   * @return the same path
   * @throws CheckpointFormatException if it leads out of the folder or is no regular file
   */
  public static Path inside(Path folder, Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new CheckpointFormatException(Reason.MISSING_FILE, file, "file must exist, got none");
    }
    if (!isInside(folder, file)) {
      throw new CheckpointFormatException(
          Reason.BAD_SHARD_NAME,
          file,
          "file must lie inside its folder or the blobs of its hub cache, got "
              + file.toRealPath());
    }
    return file;
  }

  private static boolean isInside(Path folder, Path file) throws IOException {
    Path real = file.toRealPath();
    Path realFolder = folder.toRealPath();
    return Files.isRegularFile(real) && (real.startsWith(realFolder) || isBlob(realFolder, real));
  }

  /** Whether the folder is {@code snapshots/REVISION} and the file lies in {@code blobs} beside. */
  private static boolean isBlob(Path folder, Path file) {
    Path snapshots = folder.getParent();
    return snapshots != null
        && snapshots.endsWith("snapshots")
        && snapshots.resolveSibling("blobs").equals(file.getParent());
  }

  /** Side files that are links out of the folder: not carried on, since anything may lie there. */
  static ImmutableList<Path> linksOut(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> isSideFile(file.getFileName().toString()) && Files.isRegularFile(file))
          .filter(file -> leadsOut(folder, file))
          .sorted()
          .collect(ImmutableList.toImmutableList());
    }
  }

  /** Whether a file is a link to another place, where anything may lie. */
  static boolean leadsOut(Path folder, Path file) {
    try {
      return !isInside(folder, file);
    } catch (IOException e) {
      return true;
    }
  }

  /** Whether a file of that name at the top of a folder is carried on. */
  static boolean isSideFile(String name) {
    String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    return !name.startsWith(".")
        && !OWN.contains(name)
        && !UNSAFE.contains(extension)
        && !name.endsWith(".index.json");
  }
}

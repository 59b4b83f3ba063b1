package dev.coppice.train.data.text;

import dev.coppice.moe.io.Folders;
import java.nio.file.Path;
import java.util.Optional;

/**
 * One file below a path of data, on its own or inside an archive.
 *
 * @param name relative to the folder that the path given lies in; behind {@code !/} its name inside
 *     an archive
 * @param file the file, or the archive that holds it
 * @param entry its name inside the archive, if it is in one
 * @param bytes of it; inside an archive, unpacked
 */
public record DataItem(String name, Path file, Optional<String> entry, long bytes) {

  /** A file of its own, given by name. */
  public static DataItem of(Path file, long bytes) {
    return new DataItem(Folders.name(file), file, Optional.empty(), bytes);
  }

  /** The last part of the name. */
  public String fileName() {
    return name.substring(name.lastIndexOf('/') + 1);
  }

  /** What it is called in messages: the whole path, and the name inside an archive. */
  public String place() {
    return entry.map(inside -> file + "!/" + inside).orElse(file.toString());
  }
}

package dev.coppice.moe.io;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** Names of folders, and what becomes of folders. */
public final class Folders {
  private Folders() {}

  /**
   * The folder that a path lies in; a root lies in itself.
   *
   * @param path any
   */
  public static Path parent(Path path) {
    Path absolute = path.toAbsolutePath();
    Path parent = absolute.getParent();
    return parent == null ? absolute : parent;
  }

  /**
   * The last name of a path; empty for a root.
   *
   * @param path any
   */
  public static String name(Path path) {
    Path last = path.toAbsolutePath().normalize().getFileName();
    return last == null ? "" : last.toString();
  }

  /**
   * The folders that get a new name in them when a path is made: its parent, and above it those of
   * missing folders.
   *
   * @param path that may not be there yet
   */
  public static ImmutableList<Path> ancestors(Path path) {
    ImmutableList.Builder<Path> folders = ImmutableList.builder();
    Path folder = parent(path);
    folders.add(folder);
    while (!Files.exists(folder) && !parent(folder).equals(folder)) {
      folder = parent(folder);
      folders.add(folder);
    }
    return folders.build();
  }

  /**
   * Deletes a file or a folder with all that is in it; links are deleted, not followed.
   *
   * @param path to delete; nothing happens if it is not there
   * @throws IOException when something cannot be deleted
   */
  public static void delete(Path path) throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    try (Stream<Path> walk = Files.walk(path)) {
      for (Path each : walk.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}

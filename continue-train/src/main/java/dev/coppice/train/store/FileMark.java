package dev.coppice.train.store;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.io.Hashes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a file must hold.
 *
 * @param bytes its length
 * @param sha256 of its content, 64 hexadecimal digits
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
record FileMark(long bytes, String sha256) {
  /** Marks of all files in a folder but a manifest; files are read beside one another. */
  static SortedMap<String, FileMark> allIn(Path folder) throws IOException {
    return of(folder, names(folder));
  }

  private static SortedMap<String, FileMark> of(Path folder, ImmutableList<String> names)
      throws IOException {
    try {
      return names.parallelStream()
          .collect(
              Collectors.toMap(
                  name -> name, name -> of(folder.resolve(name)), (a, b) -> a, TreeMap::new));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static FileMark of(Path file) {
    try {
      Hashes.Sum<String> sum = Hashes.sha256(file);
      return new FileMark(sum.bytes(), sum.hash());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ImmutableList<String> names(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(file -> !Files.isDirectory(file))
          .map(file -> folder.relativize(file).toString())
          .filter(name -> !name.equals(CheckpointManifest.NAME))
          .sorted()
          .collect(ImmutableList.toImmutableList());
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /**
   * Holds a folder to marks: first sizes, then content.
   *
   * @throws DamageException naming the first file that is not as its mark says, or has none
   * @throws IOException when a file cannot be read
   */
  static void check(Path folder, Map<String, FileMark> marks) throws DamageException, IOException {
    for (Map.Entry<String, FileMark> mark : marks.entrySet()) {
      checkSize(folder, mark.getKey(), mark.getValue().bytes);
    }
    for (String name : names(folder)) {
      // nothing but weights and settings is read by name
      if (!marks.containsKey(name) && (name.endsWith(".safetensors") || name.endsWith(".json"))) {
        throw new DamageException(name + " must be in its manifest, got a file that is not");
      }
    }
    SortedMap<String, FileMark> found = of(folder, ImmutableList.copyOf(marks.keySet()));
    for (Map.Entry<String, FileMark> mark : marks.entrySet()) {
      FileMark is = found.get(mark.getKey());
      if (!mark.getValue().equals(is)) {
        throw new DamageException(
            mark.getKey() + " must have SHA-256 " + mark.getValue().sha256 + ", got " + is);
      }
    }
  }

  private static void checkSize(Path folder, String name, long bytes)
      throws DamageException, IOException {
    BasicFileAttributes found;
    try {
      found = Files.readAttributes(folder.resolve(name), BasicFileAttributes.class);
    } catch (NoSuchFileException e) {
      throw new DamageException(name + " must exist, got none", e);
    }
    if (!found.isRegularFile()) {
      throw new DamageException(name + " must be a file, got none");
    }
    if (found.size() != bytes) {
      throw new DamageException(name + " must have " + bytes + " bytes, got " + found.size());
    }
  }
}

package dev.coppice.moe.testing;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.coppice.moe.testing.FaultFs.Bytes;
import dev.coppice.moe.testing.FaultFs.Loss;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Holds what a crash would leave against what was to be written: all of it, or nothing under its
 * name.
 */
public final class CrashCheck {
  private static final int RANDOM_LOSSES = 6;

  private final FaultFs faults;
  private final Path target;
  private final Map<String, byte[]> reference;
  private final Path scratch;
  private int images;

  /**
   * A check.
   *
   * @param faults where the product writes
   * @param target the folder that it makes, relative to the root
   * @param reference the same folder as it is without faults
   * @param scratch an empty folder for what is laid out
   */
  public CrashCheck(FaultFs faults, Path target, Path reference, Path scratch) throws IOException {
    this.faults = faults;
    this.target = target;
    this.reference = files(reference);
    this.scratch = scratch;
  }

  /**
   * What would be wrong after a crash at this moment; empty if nothing.
   *
   * @param saved whether the folder must be there
   */
  public Optional<String> fault(boolean saved) {
    try {
      for (Loss loss : losses()) {
        Optional<String> fault = fault(loss, saved);
        if (fault.isPresent()) {
          return Optional.of(fault.get() + " (" + loss + ")");
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<Loss> losses() {
    List<Loss> losses = new ArrayList<>();
    for (Bytes bytes : Bytes.values()) {
      losses.add(Loss.uniform(false, bytes));
      losses.add(Loss.uniform(true, bytes));
    }
    for (int i = 0; i < RANDOM_LOSSES; i++) {
      losses.add(Loss.random(images * 31L + i));
    }
    return losses;
  }

  private Optional<String> fault(Loss loss, boolean saved) throws IOException {
    Path image = scratch.resolve("crash-" + images++);
    try {
      if (!faults.crashed(target, loss, image)) {
        return saved ? Optional.of("a folder that was reported saved is gone") : Optional.empty();
      }
      return difference(image);
    } finally {
      if (Files.exists(image)) {
        MoreFiles.deleteRecursively(image, RecursiveDeleteOption.ALLOW_INSECURE);
      }
    }
  }

  /** How a folder differs from the reference; empty if it is the same, byte for byte. */
  public Optional<String> difference(Path folder) throws IOException {
    Map<String, byte[]> left = files(folder);
    if (!left.keySet().equals(reference.keySet())) {
      return Optional.of("files are " + left.keySet() + " instead of " + reference.keySet());
    }
    return reference.keySet().stream()
        .filter(name -> !java.util.Arrays.equals(reference.get(name), left.get(name)))
        .findFirst()
        .map(name -> "bytes of " + name + " differ");
  }

  private static Map<String, byte[]> files(Path folder) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path file : (Iterable<Path>) all.filter(Files::isRegularFile)::iterator) {
        files.put(folder.relativize(file).toString(), Files.readAllBytes(file));
      }
    }
    return files;
  }
}

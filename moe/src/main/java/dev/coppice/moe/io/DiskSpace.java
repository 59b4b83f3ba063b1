package dev.coppice.moe.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** How much a disk still holds. */
@FunctionalInterface
public interface DiskSpace {
  /** That of the machine. */
  DiskSpace REAL = path -> Files.getFileStore(existing(path)).getUsableSpace();

  /**
   * Bytes that this user may still write.
   *
   * @param path on the disk; it need not exist
   */
  long usable(Path path) throws IOException;

  /**
   * Bytes that must be free for an output: those of its tensors, and a twentieth for all else.
   *
   * @param tensorBytes bytes of its tensors
   */
  static long needed(long tensorBytes) {
    return tensorBytes + tensorBytes / 20;
  }

  /**
   * Why an output does not fit, in one sentence; empty if it fits.
   *
   * @param path where it goes; it need not exist
   * @param tensorBytes bytes of its tensors
   */
  default Optional<String> shortage(Path path, long tensorBytes) throws IOException {
    long needed = needed(tensorBytes);
    long usable = usable(path);
    return usable >= needed
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT,
                "disk must have %,d bytes free for the output, got %,d",
                needed,
                usable));
  }

  private static Path existing(Path path) {
    Path existing = path.toAbsolutePath();
    while (!Files.exists(existing) && existing.getParent() != null) {
      existing = existing.getParent();
    }
    return existing;
  }
}

package dev.coppice.growth;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Whether an output fits on its disk, asked before a byte is written. */
final class DiskSpace {
  private DiskSpace() {}

  /** Bytes that an output needs: its tensors, and a twentieth for all else. */
  static long needed(long tensorBytes) {
    return tensorBytes + tensorBytes / 20;
  }

  /** Bytes available to this user where a path is or would be. */
  static long available(Path path) throws IOException {
    Path existing = path.toAbsolutePath();
    while (!Files.exists(existing) && existing.getParent() != null) {
      existing = existing.getParent();
    }
    return Files.getFileStore(existing).getUsableSpace();
  }

  /**
   * Refuses an output that does not fit.
   *
   * @param path where it goes
   * @param tensorBytes bytes of its tensors
   * @throws CoppiceException RESOURCE if the disk is too small
   */
  static void require(Path path, long tensorBytes) throws IOException {
    long available = available(path);
    if (available < needed(tensorBytes)) {
      throw new CoppiceException(
          ExitCode.RESOURCE,
          String.format(
              Locale.ROOT,
              "disk must have %,d bytes free for the output, got %,d (%s)",
              needed(tensorBytes),
              available,
              path.getParent()));
    }
  }
}

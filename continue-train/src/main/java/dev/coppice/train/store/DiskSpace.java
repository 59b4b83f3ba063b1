package dev.coppice.train.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much a disk still holds. */
@FunctionalInterface
public interface DiskSpace {
  /** That of the machine. */
  DiskSpace REAL = folder -> Files.getFileStore(folder).getUsableSpace();

  /**
   * Bytes that may still be written.
   *
   * @param folder on the disk
   */
  long usable(Path folder) throws IOException;
}

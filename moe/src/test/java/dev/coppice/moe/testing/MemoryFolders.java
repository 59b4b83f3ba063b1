package dev.coppice.moe.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * Folders of tests in memory, where the system has room for them there: to force a file to the disk
 * takes longer than all else that is done to a tiny one, and tells a test nothing.
 */
public final class MemoryFolders implements TempDirFactory {
  private static final Path MEMORY = Path.of("/dev/shm");
  private static final long ROOM = 1L << 30;

  /** A new folder, in memory or else where temporary files are. */
  public static Path create(String prefix) throws IOException {
    boolean room = Files.isWritable(MEMORY) && Files.getFileStore(MEMORY).getUsableSpace() >= ROOM;
    return room ? Files.createTempDirectory(MEMORY, prefix) : Files.createTempDirectory(prefix);
  }

  @Override
  public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext context)
      throws IOException {
    return create("coppice-test");
  }
}

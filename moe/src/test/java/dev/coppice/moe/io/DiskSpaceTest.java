package dev.coppice.moe.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskSpaceTest {
  @TempDir Path folder;

  @Test
  void needsATwentiethMoreThanTheTensors() throws IOException {
    DiskSpace disk = path -> 2100;

    assertThat(disk.shortage(folder, 2000)).isEmpty();
    assertThat(disk.shortage(folder, 2020))
        .contains("disk must have 2,121 bytes free for the output, got 2,100");
  }

  @Test
  void asksTheDiskOfAFolderThatIsNotThereYet() throws IOException {
    long usable = DiskSpace.REAL.usable(folder.resolve("not/there"));

    assertThat(usable).isBetween(1L, Files.getFileStore(folder).getTotalSpace());
  }
}

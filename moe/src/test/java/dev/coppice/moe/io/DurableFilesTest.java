package dev.coppice.moe.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.testing.FaultFs;
import dev.coppice.moe.testing.FaultLoop;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DurableFilesTest {
  @TempDir Path home;

  /** A folder with a file in it, filled under another name. */
  private static void make(Path folder) throws IOException {
    Path staged = Files.createDirectory(folder.resolve("staged"));
    DurableFiles.write(staged.resolve("file"), "text\n");
    DurableFiles.force(staged);
    DurableFiles.move(staged, folder.resolve("out"));
  }

  @Test
  void aMovedFolderIsWholeOrAbsentAfterACrash() throws IOException {
    FaultLoop loop = new FaultLoop(home, Path.of("out"), folder -> {}, DurableFilesTest::make);

    assertThat(loop.crashes()).isEmpty();
    assertThat(loop.forces()).isEqualTo(3);
    assertThat(loop.forcesThatNobodyMisses()).isEmpty();
  }

  @Test
  void aReplacedFileIsOldOrNewWhateverFails() throws IOException {
    Path file = home.resolve("file");
    Files.writeString(file, "old");
    FaultFs probe = FaultFs.over(home);
    DurableFiles.replace(probe.root().resolve("file"), "new");
    assertThat(file).hasContent("new");

    for (long n = 0; n < probe.operations(); n++) {
      Files.writeString(file, "old");
      FaultFs faults = FaultFs.over(home);
      faults.failAt(n, FaultFs.Fault.EIO_ONCE);
      assertThatThrownBy(() -> DurableFiles.replace(faults.root().resolve("file"), "new"))
          .isInstanceOf(IOException.class);
      assertThat(Files.readString(file)).isIn("old", "new");
      assertThat(home).isDirectoryNotContaining("glob:**.tmp");
    }
  }

  @Test
  void aFileThatExistsIsNotWrittenAnew() throws IOException {
    Path file = Files.writeString(home.resolve("file"), "old");

    assertThatThrownBy(() -> DurableFiles.write(file, "new"))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertThat(file).hasContent("old");
  }
}

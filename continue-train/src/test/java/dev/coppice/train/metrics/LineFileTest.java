package dev.coppice.train.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LineFileTest {
  @TempDir Path folder;

  /** A disk that can refuse to force; then what was not forced is gone, as a system may have it. */
  private static final class LosingDisk implements LineFile.Forcing {
    private long forced;
    private int forces;
    private boolean refuses;

    @Override
    public void force(FileChannel channel) throws IOException {
      forces++;
      if (refuses) {
        ByteBuffer zeros = ByteBuffer.allocate((int) (channel.size() - forced));
        channel.write(zeros, forced);
        throw new IOException("Input/output error");
      }
      forced = channel.size();
    }
  }

  private final LosingDisk disk = new LosingDisk();

  private Path file() {
    return folder.resolve("lines");
  }

  @Test
  void whatARefusedForceLostIsWrittenAgain() throws IOException {
    try (LineFile lines = LineFile.openAt(file(), 0, disk)) {
      lines.append("one");
      lines.force();
      lines.append("two");
      disk.refuses = true;
      assertThatThrownBy(lines::force).hasMessage("Input/output error");
      lines.append("three");
      assertThatThrownBy(lines::force).hasMessage("Input/output error");
      lines.append("four");
      disk.refuses = false;
      lines.force();
      assertThat(file()).hasContent("one\ntwo\nthree\nfour");
      lines.append("five");
      lines.force();
    }
    assertThat(Files.readString(file())).isEqualTo("one\ntwo\nthree\nfour\nfive\n");
  }

  @Test
  void whatWasCutStaysCut() throws IOException {
    Files.writeString(file(), "old\n");
    disk.forced = 4;
    try (LineFile lines = LineFile.openAt(file(), 4, disk)) {
      lines.append("one");
      lines.append("two");
      disk.refuses = true;
      assertThatThrownBy(lines::force).hasMessage("Input/output error");
      lines.cut(8);
      disk.refuses = false;
      lines.force();
      assertThat(Files.readString(file())).isEqualTo("old\none\n");
      lines.append("three");
      lines.cut(0);
      lines.append("new");
      disk.forced = 0;
      disk.refuses = true;
      assertThatThrownBy(lines::force).hasMessage("Input/output error");
      disk.refuses = false;
      lines.force();
    }
    assertThat(Files.readString(file())).isEqualTo("new\n");
  }

  @Test
  void memoryHoldsAboutAMebibyte() throws IOException {
    String line = "x".repeat(99_999);
    try (LineFile lines = LineFile.openAt(file(), 0, disk)) {
      for (int i = 0; i < 11; i++) {
        lines.append(line);
      }
      assertThat(disk.forces).isZero();
      disk.refuses = true;
      assertThatThrownBy(() -> lines.append("refused")).hasMessage("Input/output error");
      disk.refuses = false;
      lines.append("taken");
      assertThat(disk.forces).isEqualTo(2);
      lines.append("after");
      assertThat(disk.forces).isEqualTo(2);
    }
    assertThat(Files.readString(file())).isEqualTo((line + "\n").repeat(11) + "taken\nafter\n");
  }
}

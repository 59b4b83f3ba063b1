package dev.coppice.moe.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointWriterTest {
  @TempDir Path parent;

  @Test
  void theFolderAppearsOnlyWithCommit() throws IOException {
    Path target = parent.resolve("out");
    try (CheckpointWriter writer = CheckpointWriter.begin(target)) {
      writer.writeText("sub/state.json", "{}");
      assertThat(target).doesNotExist();
      writer.commit();
    }
    assertThat(target.resolve("sub/state.json")).hasContent("{}");
    assertThat(names()).containsExactly("out");
  }

  @Test
  void nothingIsLeftWithoutCommit() throws IOException {
    try (CheckpointWriter writer = CheckpointWriter.begin(parent.resolve("out"))) {
      writer.writeText("config.json", "{}");
    }
    assertThat(names()).isEmpty();
  }

  @Test
  void anExistingTargetIsRefusedEvenWhenEmpty() throws IOException {
    Path target = Files.createDirectory(parent.resolve("out"));
    assertThatThrownBy(() -> CheckpointWriter.begin(target))
        .isInstanceOfSatisfying(
            CoppiceException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.REQUEST_INVALID))
        .hasMessage("output folder must not exist, got " + target + " (nothing was changed)");
    assertThat(names()).containsExactly("out");
  }

  @Test
  void aTargetThatAppearsMeanwhileIsNotReplaced() throws IOException {
    Path target = parent.resolve("out");
    try (CheckpointWriter writer = CheckpointWriter.begin(target)) {
      writer.writeText("config.json", "{}");
      Files.createDirectory(target);
      assertThatThrownBy(writer::commit).isInstanceOf(CoppiceException.class);
    }
    assertThat(target).isEmptyDirectory();
    assertThat(names()).containsExactly("out");
  }

  @Test
  void filesStayInsideTheFolder() throws IOException {
    try (CheckpointWriter writer = CheckpointWriter.begin(parent.resolve("out"))) {
      assertThatThrownBy(() -> writer.writeText("../x", "")).hasMessageContaining("got ../x");
    }
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(parent)) {
      return files.map(f -> f.getFileName().toString()).toList();
    }
  }
}

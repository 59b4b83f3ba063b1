package dev.coppice.moe.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every way in which a header can be odd, and our verdict.
 *
 * <p>The column of the reference was checked against the Python package safetensors 0.8.0: the
 * files of {@link HostileHeaders#main} were each given to its {@code deserialize} and to its {@code
 * safe_open}, and both said what the table says. The build itself runs no Python.
 */
class HostileHeaderTest {
  @TempDir Path folder;

  static Stream<HostileCase> table() {
    return HostileHeaders.all();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("table")
  void hasItsVerdict(HostileCase row) throws IOException {
    Path file = Files.write(folder.resolve("case.safetensors"), row.bytes().get());
    if (row.refusal().isPresent()) {
      assertThatThrownBy(() -> SafetensorsFile.open(file))
          .isInstanceOfSatisfying(
              CheckpointFormatException.class,
              e -> assertThat(e.reason()).as(e.getMessage()).isEqualTo(row.refusal().get()))
          .hasMessageStartingWith(file + ": ");
      return;
    }
    try (SafetensorsFile opened = SafetensorsFile.open(file)) {
      assertThat(opened.warnings().stream().anyMatch(w -> w.contains(row.warning().orElse("?"))))
          .as("warnings %s", opened.warnings())
          .isEqualTo(row.warning().isPresent());
      assertThat(opened.warnings().isEmpty()).isEqualTo(row.warning().isEmpty());
    }
  }

  @Test
  void theTableIsWholeAndNamesEachRowOnce() {
    assertThat(HostileHeaders.all().map(HostileCase::name))
        .doesNotHaveDuplicates()
        .hasSizeGreaterThanOrEqualTo(99);
    assertThat(HostileHeaders.all().filter(row -> row.name().matches("dtype [A-Z0-9_]+")))
        .hasSize(22);
  }

  @Test
  void weReadNothingThatTheReferenceRefuses() {
    assertThat(HostileHeaders.all().filter(row -> !row.referenceReads()))
        .allMatch(row -> row.refusal().isPresent());
  }

  @Test
  void aMissingFileIsNamed() {
    Path file = folder.resolve("none.safetensors");
    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .isInstanceOfSatisfying(
            CheckpointFormatException.class,
            e -> assertThat(e.reason()).isEqualTo(Reason.MISSING_FILE));
  }

  @Test
  void aForeignFileIsCalledWhatItIs() throws IOException {
    assertForeign("version https://git-lfs.github.com/spec/v1\n", "a git-LFS pointer (fetch");
    assertForeign("<!DOCTYPE html><html></html>", "a web page (the download went wrong)");
    assertForeign("PK\3\4________", "a PyTorch pickle or zip (never read here");
  }

  private void assertForeign(String content, String what) throws IOException {
    Path file = Files.writeString(folder.resolve("foreign.safetensors"), content);
    assertThatThrownBy(() -> SafetensorsFile.open(file)).hasMessageContaining(what);
  }

  @Test
  void messagesHoldNoControlCharactersAndAreShort() throws IOException {
    String name = "\\u001b[2J\\n\\u202e" + "x".repeat(5000);
    Path file = Files.write(folder.resolve("x"), HostileCase.file("{'" + name + "':1}", 0).get());
    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .hasMessageContaining("tensor '\\u001b[2J\\u000a\\u202exxx")
        .extracting(e -> e.getMessage().length())
        .satisfies(length -> assertThat(length).isLessThan(1200));
  }
}

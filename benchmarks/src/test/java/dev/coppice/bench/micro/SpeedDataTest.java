package dev.coppice.bench.micro;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.text.ByteTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpeedDataTest {
  @TempDir private Path folder;

  @Test
  void measuresAllOfTheTextAndLeavesNothing() throws IOException {
    Path text = Files.writeString(folder.resolve("text"), "a line\n".repeat(1000));
    Path work = Files.createDirectory(folder.resolve("work"));
    SpeedData.Result result = SpeedData.measure(text, new ByteTokenizer(), work, 3);
    assertThat(result.textBytes()).isEqualTo(7000);
    assertThat(result.tokens()).isEqualTo(7000);
    assertThat(result.tokenizeBytesPerSecond()).isPositive();
    assertThat(result.stepShare(1000)).isEqualTo(1000 / result.batchTokensPerSecond());
    assertThat(result.text(1000)).contains("7000 tokens").contains("% of a step at 1000 tokens/s");
    assertThat(work).isEmptyDirectory();
  }
}

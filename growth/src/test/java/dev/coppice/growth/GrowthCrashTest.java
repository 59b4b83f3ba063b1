package dev.coppice.growth;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.testing.FaultFs.Fault;
import dev.coppice.moe.testing.FaultLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A growth at work when the disk fails or the power does. */
class GrowthCrashTest {
  @TempDir Path home;
  private FaultLoop loop;

  @BeforeEach
  void makeLoop() throws IOException {
    Path inputs = Files.createDirectory(home.resolve("inputs"));
    TinyGrowth.prepare(inputs);
    loop =
        new FaultLoop(
            home,
            Path.of("grown"),
            folder -> TinyGrowth.copy(inputs.resolve("source"), folder.resolve("source")),
            TinyGrowth::grow);
  }

  @Test
  void aCrashLeavesAllOrNothing() throws IOException {
    assertThat(loop.crashes()).isEmpty();
  }

  @Test
  void everyForceIsNeededButThoseOfTheJournal() throws IOException {
    int files;
    try (Checkpoint grown = Checkpoint.open(loop.reference())) {
      files = grown.shardFiles().size();
    }
    assertThat(files).isGreaterThan(2);
    // for each file a line of the journal, and once the names of files and folder: what these are
    // good for is held by GrowthResumeTest
    assertThat(loop.forcesThatNobodyMisses()).hasSize(files + 2);
    assertThat(loop.forces()).isEqualTo(files + 2 + files + 5 + 2);
  }

  @Test
  void anErrorLeavesNothing() throws IOException {
    for (Fault fault : Fault.values()) {
      List<String> messages = new ArrayList<>();
      assertThat(loop.failures(fault, messages)).isEmpty();
      assertThat(messages).hasSizeGreaterThan(50);
    }
  }
}

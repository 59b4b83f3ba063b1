package dev.coppice.moe.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.FaultFs.Fault;
import dev.coppice.moe.testing.FaultLoop;
import dev.coppice.moe.testing.TinyCheckpoints;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint that is being written when the disk fails or the power does. */
class CheckpointCrashTest {
  private static final MoeSpec SPEC =
      new MoeSpec(
          "mixtral",
          8,
          4,
          GroupedAttention.plain(1, 1, 2, false, 10_000),
          new RouterSpec(true),
          ImmutableList.of(new LayerSpec.Moe(2, 1, 2)),
          1e-6,
          false,
          16);

  @TempDir Path home;
  private FaultLoop loop;

  @BeforeEach
  void makeLoop() throws IOException {
    // two folders are missing on the way: their names must last too
    loop = new FaultLoop(home, Path.of("new", "er", "out"), folder -> {}, this::write);
  }

  private void write(Path folder) throws IOException {
    TinyCheckpoints.write(
        folder.resolve("new/er/out"),
        SPEC,
        Family.named("mixtral").configFor(SPEC),
        new TinyCheckpoints.Options(Dtype.F32, 3, 200));
  }

  @Test
  void theReferenceOpens() throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(loop.reference())) {
      assertThat(checkpoint.shardFiles()).hasSizeGreaterThan(2);
    }
  }

  @Test
  void aCrashLeavesAllOrNothing() throws IOException {
    assertThat(loop.crashes()).isEmpty();
  }

  @Test
  void everyForceIsNeeded() throws IOException {
    assertThat(loop.forces()).isGreaterThan(6);
    assertThat(loop.forcesThatNobodyMisses()).isEmpty();
  }

  @Test
  void anErrorLeavesNothing() throws IOException {
    for (Fault fault : Fault.values()) {
      List<String> messages = new ArrayList<>();
      assertThat(loop.failures(fault, messages)).isEmpty();
      assertThat(messages).hasSizeGreaterThan(30);
    }
  }
}

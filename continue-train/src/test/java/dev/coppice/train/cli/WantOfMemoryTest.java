package dev.coppice.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.cli.Coppice;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.TinyCheckpoints;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process whose heap does not hold what its data needs. */
class WantOfMemoryTest {
  private static final MoeSpec MODEL =
      new MoeSpec(
          "mixtral",
          256,
          8,
          GroupedAttention.plain(2, 1, 4, false, 10_000),
          new RouterSpec(true),
          ImmutableList.of(new LayerSpec.Moe(2, 1, 8)),
          1e-6,
          false,
          64);

  @TempDir Path folder;

  private Process train(Path data, Path run, Path cache) throws IOException {
    Path checkpoint = folder.resolve("ckpt");
    TinyCheckpoints.write(checkpoint, MODEL, Dtype.BF16, 1);
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx40m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            Coppice.class.getName(),
            "train",
            checkpoint.toString(),
            "--data",
            data.toString(),
            "--held-out",
            "0.5",
            "--out",
            run.toString(),
            "--cache",
            cache.toString(),
            "--steps",
            "1")
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("log").toFile())
        .start();
  }

  @Test
  void whilePreparingDataIsOneErrorWithCode5AndLeavesNothing() throws Exception {
    Path data = folder.resolve("long.jsonl");
    Files.write(data, List.of("{\"text\": \"short\"}", "x".repeat(40 << 20)));
    Path run = folder.resolve("run");
    Path cache = folder.resolve("cache");
    Process process = train(data, run, cache);
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    String log = Files.readString(folder.resolve("log"));
    assertThat(process.exitValue()).as(log).isEqualTo(5);
    assertThat(log)
        .contains("coppice: memory must suffice, got Java heap space")
        .doesNotContain("\tat ");
    assertThat(folder).isDirectoryNotContaining("glob:**run*");
    assertThat(cache.resolve("tokens")).isEmptyDirectory();
  }
}

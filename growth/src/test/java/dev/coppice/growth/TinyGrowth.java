package dev.coppice.growth;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.TinyCheckpoints;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.stream.Stream;

/** One growth into several files, small enough to be stopped thousands of times. */
public final class TinyGrowth {
  static final long MAX_SHARD = 300;

  static final GrowthOperator OPERATOR = Interpose.times(2).then(DuplicateExperts.times(2, 0.01));

  /** One thread, so that operations come in one order. */
  public static final GrowthRequest REQUEST = new GrowthRequest(OPERATOR, 5, MAX_SHARD, 1);

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

  private TinyGrowth() {}

  /** Writes the source, whose files were changed at a whole second. */
  public static void prepare(Path folder) throws IOException {
    Path source = folder.resolve("source");
    TinyCheckpoints.write(source, SPEC, Dtype.BF16, 9);
    Files.writeString(source.resolve("tokenizer.json"), "{}");
    try (Stream<Path> files = Files.list(source)) {
      for (Path file : files.toList()) {
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000_000_000L));
      }
    }
  }

  static void grow(Path folder) throws IOException {
    try (Checkpoint source = Checkpoint.open(folder.resolve("source"))) {
      GrowthExecutor.run(source, REQUEST, folder.resolve("grown"), GrowthProgress.NONE);
    }
  }

  static GrowthResult resume(Path folder, GrowthRequest request) throws IOException {
    try (Checkpoint source = Checkpoint.open(folder.resolve("source"))) {
      return GrowthExecutor.resume(source, request, folder.resolve("grown"), GrowthProgress.NONE);
    }
  }

  /** Copies a folder with its times. */
  public static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : (Iterable<Path>) all::iterator) {
        Files.copy(path, to.resolve(from.relativize(path)), StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }
}

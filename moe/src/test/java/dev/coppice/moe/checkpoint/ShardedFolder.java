package dev.coppice.moe.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
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
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A sharded folder that opens, and ways to spoil it. */
abstract class ShardedFolder {
  static final LayerSpec MOE = new LayerSpec.Moe(4, 2, 4);
  static final MoeSpec SPEC =
      new MoeSpec(
          "qwen3_moe",
          17,
          8,
          GroupedAttention.plain(2, 1, 4, true, 10_000),
          new RouterSpec(true),
          ImmutableList.of(MOE, MOE),
          1e-6,
          false,
          64);

  @TempDir Path parent;
  Path folder;

  @BeforeEach
  final void writeAShardedFolder() throws IOException {
    folder = parent.resolve("tiny");
    TinyCheckpoints.write(
        folder,
        SPEC,
        Family.named("qwen3_moe").configFor(SPEC),
        new TinyCheckpoints.Options(Dtype.F32, 1, 1500));
  }

  final void assertRefused(Reason reason, String message) {
    assertThatThrownBy(() -> Checkpoint.open(folder))
        .isInstanceOfSatisfying(
            CheckpointFormatException.class, e -> assertThat(e.reason()).isEqualTo(reason))
        .hasMessageContaining(message);
  }

  final void assertRefusedFor(Reason... reasons) {
    assertThatThrownBy(() -> Checkpoint.open(folder))
        .isInstanceOfSatisfying(
            CheckpointFormatException.class, e -> assertThat(e.reason()).isIn((Object[]) reasons));
  }

  final void assertOpens() throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThat(checkpoint.spec()).isEqualTo(SPEC);
      assertThat(checkpoint.warnings()).isEmpty();
    }
  }

  final void config(Consumer<ObjectNode> change) throws IOException {
    edit(folder.resolve("config.json"), change);
  }

  final void index(Consumer<ObjectNode> change) throws IOException {
    edit(
        folder.resolve("model.safetensors.index.json"),
        tree -> change.accept((ObjectNode) tree.get("weight_map")));
  }

  static void edit(Path file, Consumer<ObjectNode> change) throws IOException {
    ObjectMapper json = new ObjectMapper();
    ObjectNode tree = (ObjectNode) json.readTree(file.toFile());
    change.accept(tree);
    json.writeValue(file.toFile(), tree);
  }

  final List<Path> shards() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> f.toString().endsWith(".safetensors")).sorted().toList();
    }
  }
}

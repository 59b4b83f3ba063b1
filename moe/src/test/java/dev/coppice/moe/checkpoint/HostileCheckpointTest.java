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
import dev.coppice.moe.spec.AttentionSpec;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.testing.TinyCheckpoints;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders that must not open, and what they are told. */
class HostileCheckpointTest {
  private static final LayerSpec MOE = new LayerSpec.Moe(4, 2, 4);
  private static final MoeSpec SPEC =
      new MoeSpec(
          "qwen3_moe",
          17,
          8,
          new AttentionSpec(2, 1, 4, true, 10_000),
          new RouterSpec(true),
          ImmutableList.of(MOE, MOE),
          1e-6,
          false,
          64);

  @TempDir Path parent;
  private Path folder;

  @BeforeEach
  void writeAShardedFolder() throws IOException {
    folder = parent.resolve("tiny");
    TinyCheckpoints.write(
        folder,
        SPEC,
        Family.named("qwen3_moe").configFor(SPEC),
        new TinyCheckpoints.Options(Dtype.F32, 1, 1500));
  }

  @Test
  void theUntouchedFolderOpens() throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThat(checkpoint.spec()).isEqualTo(SPEC);
      assertThat(checkpoint.shardFiles()).hasSizeGreaterThan(1);
    }
  }

  @Test
  void aMissingShardIsNamed() throws IOException {
    Path shard = shards().get(1);
    Files.delete(shard);
    assertRefused(Reason.MISSING_FILE, shard + ": shard must exist (the index names it), got none");
  }

  @Test
  void aTruncatedShardIsNamed() throws IOException {
    Path shard = shards().get(0);
    try (RandomAccessFile file = new RandomAccessFile(shard.toString(), "rw")) {
      file.setLength(file.length() - 1);
    }
    assertRefused(Reason.TRUNCATED, shard + ": data must hold ");
  }

  @Test
  void aRouterAtOddsWithTheConfigIsNamed() throws IOException {
    config(c -> c.put("num_experts", 3));
    assertRefused(
        Reason.CONFIG_MISMATCH,
        "router of layer 0 has 4 rows, but config.json says 3 experts (num_experts)");
  }

  @Test
  void aMissingExpertIsNamed() throws IOException {
    config(c -> c.put("num_experts", 5));
    assertRefused(Reason.CONFIG_MISMATCH, "router of layer 0 has 4 rows");
  }

  @Test
  void aLayerTooManyIsNamed() throws IOException {
    config(c -> c.put("num_hidden_layers", 1));
    assertRefused(
        Reason.CONFIG_MISMATCH, "is of layer 1, but config.json says 1 layers (num_hidden_layers)");
  }

  @Test
  void aLayerTooFewIsNamed() throws IOException {
    config(c -> c.put("num_hidden_layers", 3));
    assertRefused(
        Reason.CONFIG_MISMATCH,
        "layer 2 must have tensors, since config.json says 3 layers (num_hidden_layers), got none");
  }

  @Test
  void aDenseLayerThatIsNoneIsNamed() throws IOException {
    config(c -> c.putArray("mlp_only_layers").add(1));
    assertRefused(Reason.CONFIG_MISMATCH, "does not fit its layer, which config.json calls dense");
  }

  @Test
  void aShapeAtOddsIsNamed() throws IOException {
    config(c -> c.put("moe_intermediate_size", 5));
    assertRefused(Reason.CONFIG_MISMATCH, "must have shape [8, 5] by config.json, got [8, 4]");
  }

  @Test
  void aliasesAtOddsAreRefused() throws IOException {
    config(c -> c.put("num_local_experts", 5));
    assertRefused(
        Reason.BAD_CONFIG,
        "aliases of one key must agree, got {num_experts=4, num_local_experts=5}");
  }

  @Test
  void anUnknownFamilyIsNamed() throws IOException {
    config(c -> c.put("model_type", "gpt9"));
    assertRefused(Reason.UNKNOWN_FAMILY, "or of a family file, got 'gpt9'");
  }

  @Test
  void aConfigThatIsNoObjectIsRefused() throws IOException {
    Files.writeString(folder.resolve("config.json"), "[1]");
    assertRefused(Reason.MALFORMED_JSON, "file must hold a JSON object");
    Files.writeString(folder.resolve("config.json"), "{\"a\":1,\"a\":2}");
    assertRefused(Reason.DUPLICATE_NAME, "Duplicate");
    Files.delete(folder.resolve("config.json"));
    assertRefused(Reason.MISSING_FILE, "config.json: file must exist");
  }

  @Test
  void anIndexThatLeavesTheFolderIsRefused() throws IOException {
    for (String name : List.of("../x.safetensors", "/etc/passwd", "C:x.safetensors", "x.bin")) {
      index(map -> map.put("model.norm.weight", name));
      assertRefused(Reason.BAD_SHARD_NAME, "got '" + name + "'");
    }
  }

  @Test
  void aLinkOutOfTheFolderIsRefused() throws IOException {
    Path shard = shards().get(0);
    Path outside = parent.resolve("outside.safetensors");
    Files.move(shard, outside);
    Files.createSymbolicLink(shard, outside);
    assertRefused(Reason.BAD_SHARD_NAME, "shard must be a file inside its folder");
  }

  @Test
  void anIndexThatNamesTheWrongShardIsRefused() throws IOException {
    String other = shards().get(1).getFileName().toString();
    index(map -> map.put("lm_head.weight", other).put("model.embed_tokens.weight", other));
    assertRefused(Reason.INDEX_MISMATCH, "but the index says " + other);
  }

  @Test
  void anIndexThatPromisesTooMuchIsRefused() throws IOException {
    String shard = shards().get(0).getFileName().toString();
    index(map -> map.put("model.layers.0.extra", shard));
    assertRefused(Reason.INDEX_MISMATCH, "but lack 'model.layers.0.extra'");
  }

  @Test
  void weightsBesideTheIndexAreRefused() throws IOException {
    Files.copy(shards().get(0), folder.resolve("model.safetensors"));
    assertRefused(Reason.INDEX_MISMATCH, "unlisted model.safetensors");
  }

  @Test
  void aFolderWithoutWeightsIsRefused() throws IOException {
    Files.delete(folder.resolve("model.safetensors.index.json"));
    assertRefused(Reason.MISSING_FILE, "got neither");
  }

  private void assertRefused(Reason reason, String message) {
    assertThatThrownBy(() -> Checkpoint.open(folder))
        .isInstanceOfSatisfying(
            CheckpointFormatException.class, e -> assertThat(e.reason()).isEqualTo(reason))
        .hasMessageContaining(message);
  }

  private void config(Consumer<ObjectNode> change) throws IOException {
    edit(folder.resolve("config.json"), change);
  }

  private void index(Consumer<ObjectNode> change) throws IOException {
    edit(
        folder.resolve("model.safetensors.index.json"),
        tree -> change.accept((ObjectNode) tree.get("weight_map")));
  }

  private static void edit(Path file, Consumer<ObjectNode> change) throws IOException {
    ObjectMapper json = new ObjectMapper();
    ObjectNode tree = (ObjectNode) json.readTree(file.toFile());
    change.accept(tree);
    json.writeValue(file.toFile(), tree);
  }

  private List<Path> shards() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> f.toString().endsWith(".safetensors")).sorted().toList();
    }
  }
}

package dev.coppice.moe.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Configurations and shards at odds, and what they are told. */
class HostileCheckpointTest extends ShardedFolder {
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
}

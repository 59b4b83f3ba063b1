package dev.coppice.bench.micro;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.checkpoint.Shard;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.SafetensorsWriter;
import dev.coppice.moe.safetensors.TensorSlot;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Checkpoints of zeros: as many tensors as a large model has, each of a few bytes. */
final class ZeroCheckpoint {
  private ZeroCheckpoint() {}

  /** The shape of a Qwen3-MoE with so many layers and experts a layer, and widths of a few. */
  static MoeSpec spec(int layers, int experts) {
    return new MoeSpec(
        "qwen3_moe",
        4,
        2,
        GroupedAttention.plain(1, 1, 2, true, 10_000),
        new RouterSpec(true),
        ImmutableList.copyOf(
            Collections.nCopies(layers, new LayerSpec.Moe(experts, Math.min(8, experts), 1))),
        1e-6,
        false,
        64);
  }

  /** Writes a checkpoint of that shape in bf16; returns its number of tensors. */
  static int write(Path target, MoeSpec spec) throws IOException {
    Family family = Family.named(spec.family());
    List<TensorSlot> slots = new ArrayList<>();
    family
        .expectedTensors(spec)
        .forEach((name, shape) -> slots.add(new TensorSlot(name, Dtype.BF16, shape)));
    ShardLayout layout = ShardLayout.of(slots, ShardLayout.DEFAULT_MAX_BYTES);
    try (CheckpointWriter writer = CheckpointWriter.begin(target)) {
      for (Shard shard : layout.shards()) {
        try (SafetensorsWriter file = writer.openShard(shard)) {
          for (TensorSlot slot : shard.slots()) {
            file.write(slot.name(), 0, ByteBuffer.allocate((int) slot.byteSize()));
          }
          file.finish();
        }
      }
      writer.writeConfig(family.configFor(spec));
      writer.writeIndex(layout);
      writer.commit();
    }
    return slots.size();
  }
}

package dev.coppice.moe.testing;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.checkpoint.CheckpointWriter;
import dev.coppice.moe.checkpoint.Shard;
import dev.coppice.moe.checkpoint.ShardLayout;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.Dtype;
import dev.coppice.moe.safetensors.SafetensorsWriter;
import dev.coppice.moe.safetensors.TensorSlot;
import dev.coppice.moe.spec.MoeSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Writes folders of random weights under a family's real names. */
public final class TinyCheckpoints {
  private TinyCheckpoints() {}

  /** A folder of that shape in one shard; weights are N(0, 0.15²), norms near one. */
  public static void write(Path folder, MoeSpec spec, Dtype dtype, long seed) throws IOException {
    ObjectNode config = Family.named(spec.family()).configFor(spec);
    write(folder, spec, config, new Options(dtype, seed, ShardLayout.DEFAULT_MAX_BYTES));
  }

  /** How the weights are drawn and laid out. */
  public record Options(Dtype dtype, long seed, long maxShardBytes) {}

  /** A folder of that shape with a given configuration. */
  public static void write(Path folder, MoeSpec spec, ObjectNode config, Options options)
      throws IOException {
    write(folder, spec, config, options, List.of());
  }

  /** A folder of that shape with more tensors, of type F32 or BF16, beside the family's own. */
  public static void write(
      Path folder, MoeSpec spec, ObjectNode config, Options options, List<TensorSlot> more)
      throws IOException {
    List<TensorSlot> slots = new ArrayList<>();
    Family.named(spec.family())
        .expectedTensors(spec)
        .forEach((name, shape) -> slots.add(new TensorSlot(name, options.dtype(), shape)));
    slots.addAll(more);
    write(folder, slots, config, options);
  }

  /** A folder with those tensors: numbers where the type is F32 or BF16, else any bytes but 0. */
  public static void write(Path folder, List<TensorSlot> slots, ObjectNode config, Options options)
      throws IOException {
    Random random = new Random(options.seed());
    ShardLayout layout = ShardLayout.of(slots, options.maxShardBytes());
    try (CheckpointWriter writer = CheckpointWriter.begin(folder)) {
      for (Shard shard : layout.shards()) {
        try (SafetensorsWriter file = writer.openShard(shard)) {
          for (TensorSlot slot : shard.slots()) {
            file.write(slot.name(), 0, values(slot, random));
          }
          file.finish();
        }
      }
      writer.writeConfig(config);
      writer.writeIndex(layout);
      writer.commit();
    }
  }

  private static ByteBuffer values(TensorSlot slot, Random random) {
    ByteBuffer bytes = ByteBuffer.allocate((int) slot.byteSize()).order(ByteOrder.LITTLE_ENDIAN);
    boolean norm = slot.shape().size() == 1;
    while (bytes.hasRemaining()) {
      float value = (float) (0.15 * random.nextGaussian() + (norm ? 1 : 0));
      switch (slot.dtype()) {
        case F32 -> bytes.putFloat(value);
        case BF16 -> bytes.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
        default -> bytes.put((byte) (1 + random.nextInt(100)));
      }
    }
    return bytes.flip();
  }
}

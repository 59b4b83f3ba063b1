package dev.coppice.moe.checkpoint;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.folder.FolderFiles;
import dev.coppice.moe.safetensors.TensorSlot;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How tensors are spread over files: in their order, each file filled up to a limit; a tensor above
 * the limit stands alone.
 *
 * <p>One file is {@code model.safetensors} without an index, several are {@code
 * model-00001-of-000NN.safetensors}, as the Hub has them.
 *
 * @param shards the files, in order
 */
public record ShardLayout(ImmutableList<Shard> shards) {
  /** Limit where none is asked for: 5 GB, decimal. */
  public static final long DEFAULT_MAX_BYTES = 5_000_000_000L;

  /**
   * Lays tensors out.
   *
   * @param slots all tensors, in order
   * @param maxShardBytes most bytes of one file, headers apart
   */
  public static ShardLayout of(List<TensorSlot> slots, long maxShardBytes) {
    checkArgument(!slots.isEmpty(), "a checkpoint must have tensors, got none");
    checkArgument(maxShardBytes > 0, "shard size must be positive, got %s", maxShardBytes);
    List<ImmutableList<TensorSlot>> groups = new ArrayList<>();
    ImmutableList.Builder<TensorSlot> group = ImmutableList.builder();
    long size = 0;
    for (TensorSlot slot : slots) {
      if (size > 0 && size + slot.byteSize() > maxShardBytes) {
        groups.add(group.build());
        group = ImmutableList.builder();
        size = 0;
      }
      group.add(slot);
      size += slot.byteSize();
    }
    groups.add(group.build());
    ImmutableList.Builder<Shard> shards = ImmutableList.builder();
    for (int i = 0; i < groups.size(); i++) {
      shards.add(new Shard(fileName(i, groups.size()), groups.get(i)));
    }
    return new ShardLayout(shards.build());
  }

  private static String fileName(int index, int count) {
    return count == 1
        ? FolderFiles.WEIGHTS
        : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", index + 1, count);
  }

  /** Size of all tensors, bytes. */
  public long totalBytes() {
    return shards.stream().mapToLong(Shard::byteSize).sum();
  }
}

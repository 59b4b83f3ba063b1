package dev.coppice.moe.testing;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.model.TokenBatch;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.util.Arrays;
import java.util.Random;

/** A configuration of two mixture layers, and batches that fit it. */
public final class SmallModel {
  private SmallModel() {}

  public static ObjectNode config() {
    MoeSpec spec =
        new MoeSpec(
            "qwen3_moe",
            61,
            32,
            GroupedAttention.plain(4, 2, 8, true, 10000),
            new RouterSpec(true),
            ImmutableList.of(new LayerSpec.Moe(4, 2, 24), new LayerSpec.Moe(4, 2, 24)),
            1e-6,
            true,
            64);
    return Family.named("qwen3_moe").configFor(spec);
  }

  public static TokenBatch batch(long seed) {
    Random random = new Random(seed);
    int[] ids = random.ints(2 * 16, 0, 61).toArray();
    int[] labels = Arrays.copyOf(ids, ids.length);
    labels[5] = TokenBatch.IGNORED;
    return new TokenBatch(ids, labels, 2, 16);
  }
}

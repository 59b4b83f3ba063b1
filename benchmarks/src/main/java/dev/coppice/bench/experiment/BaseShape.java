package dev.coppice.bench.experiment;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.util.Collections;

/**
 * Shape of the base: {@code qwen3_moe} over bytes, every layer a mixture.
 *
 * @param hiddenSize model width D
 * @param layers decoder layers
 * @param heads query heads
 * @param keyValueHeads key and value heads
 * @param headDim width of one head
 * @param experts routed experts E
 * @param topK experts chosen for a token, K
 * @param expertWidth inner width F of one expert
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record BaseShape(
    int hiddenSize,
    int layers,
    int heads,
    int keyValueHeads,
    int headDim,
    int experts,
    int topK,
    int expertWidth) {
  private static final int BYTES = 256;
  private static final double ROPE_THETA = 10_000;
  private static final double NORM_EPSILON = 1e-6;

  /** Checks that such a model can be. */
  public BaseShape {
    checkArgument(layers > 0, "base layers must be positive, got %s", layers);
    checkArgument(hiddenSize > 0, "base hidden_size must be positive, got %s", hiddenSize);
    GroupedAttention.plain(heads, keyValueHeads, headDim, true, ROPE_THETA);
    new LayerSpec.Moe(experts, topK, expertWidth);
  }

  /**
   * The shape in full.
   *
   * @param sequence longest sequence that it is trained on
   */
  public MoeSpec spec(int sequence) {
    LayerSpec layer = new LayerSpec.Moe(experts, topK, expertWidth);
    return new MoeSpec(
        "qwen3_moe",
        BYTES,
        hiddenSize,
        GroupedAttention.plain(heads, keyValueHeads, headDim, true, ROPE_THETA),
        new RouterSpec(true),
        ImmutableList.copyOf(Collections.nCopies(layers, layer)),
        NORM_EPSILON,
        true,
        sequence);
  }
}

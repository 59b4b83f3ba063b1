package dev.coppice.moe.family;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.moe.spec.AttentionSpec;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.GroupedAttention.HeadNorm;
import dev.coppice.moe.spec.LatentAttention;

/** Reads attention out of a configuration. */
final class AttentionReader {
  private final ModelTraits.Attention traits;
  private final ConfigReader config;
  private final RopeReader rope;

  AttentionReader(ModelTraits.Attention traits, ConfigReader config) {
    this.traits = traits;
    this.config = config;
    this.rope = new RopeReader(config);
  }

  AttentionSpec read() {
    return traits.kind() == ModelTraits.Kind.LATENT ? latent() : grouped();
  }

  /** The parts that the kernels cannot run; empty for nothing. */
  String refusal() {
    return rope.refusal(traits.partialRotary());
  }

  private AttentionSpec grouped() {
    int heads = config.positive("num_attention_heads");
    int headDim = orElse("head_dim", config.positive("hidden_size") / heads);
    boolean normed = traits.headNormIf().isEmpty() || config.flag(traits.headNormIf());
    return new GroupedAttention(
        heads,
        orElse("num_key_value_heads", heads),
        headDim,
        normed ? traits.headNorm() : HeadNorm.NONE,
        config.flag(traits.inputBias()),
        config.flag(traits.outputBias()),
        config.flag(traits.sinks()),
        traits.scale().isEmpty() ? 1 / Math.sqrt(headDim) : config.positiveNumber(traits.scale()),
        rope.read(headDim, config.flag(traits.interleaved()), traits.partialRotary()));
  }

  private AttentionSpec latent() {
    int plain = config.positive("qk_nope_head_dim");
    int rotary = config.positive("qk_rope_head_dim");
    return new LatentAttention(
        config.positive("num_attention_heads"),
        orElse("q_lora_rank", 0),
        config.positive("kv_lora_rank"),
        plain,
        rotary,
        config.positive("v_head_dim"),
        config.flag(traits.inputBias()),
        rope.latentScale() / Math.sqrt((double) plain + rotary),
        rope.read(rotary, config.flag(traits.interleaved()), ""));
  }

  private int orElse(String key, int none) {
    JsonNode node = config.nullable(key);
    return node.isMissingNode() ? none : ConfigReader.positive(node, key);
  }
}

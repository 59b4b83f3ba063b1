package dev.coppice.moe.family;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.spec.AttentionSpec;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.GroupedAttention.HeadNorm;
import dev.coppice.moe.spec.LatentAttention;
import dev.coppice.moe.spec.RopeScaling;
import dev.coppice.moe.spec.RopeSpec;

/** Writes attention into a new configuration. */
final class FreshAttention {
  private static final int NEIGHBOURS = 16;

  private final String family;
  private final ModelTraits model;
  private final ModelTraits.Attention traits;
  private final ObjectNode config;

  FreshAttention(String family, ModelTraits model, ObjectNode config) {
    this.family = family;
    this.model = model;
    this.traits = model.attention();
    this.config = config;
  }

  void write(AttentionSpec spec) {
    boolean latent = spec instanceof LatentAttention;
    checkArgument(
        latent == (traits.kind() == ModelTraits.Kind.LATENT),
        "attention of %s must be %s, got %s",
        family,
        traits.kind(),
        spec);
    config.put("num_attention_heads", spec.heads());
    flag(traits.interleaved(), "interleaved rotary positions", spec.rope().interleaved());
    if (spec instanceof GroupedAttention grouped) {
      writeGrouped(grouped);
    } else {
      writeLatent((LatentAttention) spec);
    }
  }

  private void writeGrouped(GroupedAttention spec) {
    config.put("num_key_value_heads", spec.keyValueHeads());
    config.put("head_dim", spec.headDim());
    boolean normed = spec.headNorm() != HeadNorm.NONE;
    checkArgument(
        spec.headNorm() == traits.headNorm() || (!normed && !traits.headNormIf().isEmpty()),
        "head norm of %s must be %s, got %s",
        family,
        traits.headNorm(),
        spec.headNorm());
    if (!traits.headNormIf().isEmpty()) {
      flag(traits.headNormIf(), "head norm", normed);
    }
    flag(traits.inputBias(), "bias of queries, keys and values", spec.inputBias());
    flag(traits.outputBias(), "bias of attention's output", spec.outputBias());
    flag(traits.sinks(), "sinks", spec.sinks());
    if (traits.scale().isEmpty()) {
      checkArgument(
          spec.scale() == 1 / Math.sqrt(spec.headDim()),
          "attention scale of %s must be one over the root of the head dimension, got %s",
          family,
          spec.scale());
    } else {
      config.put(traits.scale(), spec.scale());
    }
    writeRope(spec.rope(), 0);
    writeShare(spec);
  }

  private void writeShare(GroupedAttention spec) {
    int width = spec.rope().width();
    if (traits.partialRotary().isEmpty()) {
      checkArgument(
          width == spec.headDim(),
          "rotary width of %s must be the head dimension %s, got %s",
          family,
          spec.headDim(),
          width);
      return;
    }
    double share = (double) width / spec.headDim();
    // readers cut the product off
    while ((int) (share * spec.headDim()) < width) {
      share = Math.nextUp(share);
    }
    config.put(traits.partialRotary(), share);
  }

  private void writeLatent(LatentAttention spec) {
    config.put("num_key_value_heads", spec.heads());
    if (spec.queryRank() == 0) {
      config.putNull("q_lora_rank");
    } else {
      config.put("q_lora_rank", spec.queryRank());
    }
    config.put("kv_lora_rank", spec.keyValueRank());
    config.put("qk_nope_head_dim", spec.plainDim());
    config.put("qk_rope_head_dim", spec.rotaryDim());
    config.put("v_head_dim", spec.valueDim());
    flag(traits.inputBias(), "bias of attention", spec.bias());
    writeRope(spec.rope(), latentWeight(spec));
  }

  /** The {@code mscale_all_dim} that gives the scale; 0 for none. */
  private static double latentWeight(LatentAttention spec) {
    double stretch = spec.scale() * Math.sqrt(spec.scoreDim());
    if (Math.abs(stretch - 1) < 1e-9) {
      return 0;
    }
    checkArgument(
        spec.rope().scaling() instanceof RopeScaling.Yarn yarn && yarn.factor() > 1,
        "attention scale must be one over the root of the head dimension, got %s",
        spec.scale());
    double factor = ((RopeScaling.Yarn) spec.rope().scaling()).factor();
    double weight = (Math.sqrt(stretch) - 1) / (0.1 * Math.log(factor));
    // the neighbour that is read back as the very scale, if there is one
    double candidate = weight - NEIGHBOURS * Math.ulp(weight);
    for (int i = 0; i < 2 * NEIGHBOURS; i++) {
      double magnitude = RopeReader.magnitude(factor, candidate);
      if (magnitude * magnitude / Math.sqrt(spec.scoreDim()) == spec.scale()) {
        return candidate;
      }
      candidate = Math.nextUp(candidate);
    }
    return weight;
  }

  private void writeRope(RopeSpec spec, double latentWeight) {
    config.put("rope_theta", spec.theta());
    RopeScaling scaling = spec.scaling();
    if (scaling instanceof RopeScaling.None && !model.defaults().containsKey("rope_parameters")) {
      return;
    }
    ObjectNode rope = config.putObject("rope_scaling");
    if (scaling instanceof RopeScaling.None) {
      rope.put("rope_type", "default");
    } else if (scaling instanceof RopeScaling.Linear linear) {
      rope.put("rope_type", "linear").put("factor", linear.factor());
    } else if (scaling instanceof RopeScaling.Dynamic dynamic) {
      rope.put("rope_type", "dynamic").put("factor", dynamic.factor());
      config.put("max_position_embeddings", dynamic.originalPositions());
    } else if (scaling instanceof RopeScaling.Llama3 llama) {
      rope.put("rope_type", "llama3")
          .put("factor", llama.factor())
          .put("low_freq_factor", llama.low())
          .put("high_freq_factor", llama.high())
          .put("original_max_position_embeddings", llama.originalPositions());
    } else {
      writeYarn(rope, (RopeScaling.Yarn) scaling, latentWeight);
    }
  }

  private static void writeYarn(ObjectNode rope, RopeScaling.Yarn yarn, double latentWeight) {
    rope.put("rope_type", "yarn")
        .put("factor", yarn.factor())
        .put("beta_fast", yarn.betaFast())
        .put("beta_slow", yarn.betaSlow())
        .put("original_max_position_embeddings", yarn.originalPositions())
        .put("attention_factor", yarn.attentionFactor())
        .put("truncate", yarn.truncate());
    if (latentWeight != 0) {
      rope.put("mscale_all_dim", latentWeight);
    }
  }

  private void flag(String flag, String what, boolean value) {
    boolean fixed = flag.isEmpty() || flag.equals("always") || flag.equals("never");
    checkArgument(
        !fixed || flag.equals("always") == value,
        "%s of %s must be %s, got %s",
        what,
        family,
        flag.equals("always"),
        value);
    if (!fixed) {
      config.put(flag, value);
    }
  }
}

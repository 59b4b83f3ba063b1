package dev.coppice.moe.family;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.GroupedAttention.HeadNorm;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import java.util.Optional;

/** Writes a configuration for a shape. */
final class FreshConfig {
  private final String family;
  private final FamilyDescription.Model model;
  private final ConfigKeys keys;

  FreshConfig(String family, FamilyDescription.Model model) {
    this.family = family;
    this.model = model;
    this.keys = model.keys();
  }

  ObjectNode write(MoeSpec spec) {
    ObjectNode config = JsonNodeFactory.instance.objectNode();
    config.putArray("architectures").add(model.architecture());
    config.put("model_type", family);
    config.put("dtype", "float32");
    config.put("torch_dtype", "float32");
    config.setAll(model.fresh());
    config.put("vocab_size", spec.vocabularySize());
    config.put("hidden_size", spec.hiddenSize());
    GroupedAttention attention = (GroupedAttention) spec.attention();
    config.put("num_attention_heads", attention.heads());
    config.put("num_key_value_heads", attention.keyValueHeads());
    config.put("head_dim", attention.headDim());
    config.put("rope_theta", attention.rope().theta());
    config.put("rms_norm_eps", spec.normEpsilon());
    config.put("tie_word_embeddings", spec.tiedHead());
    config.put("max_position_embeddings", spec.maxPositions());
    config.put(keys.layers().get(0), spec.layerCount());
    writeRouter(config, spec);
    writeLayers(config, spec);
    return config;
  }

  private void writeRouter(ObjectNode config, MoeSpec spec) {
    boolean always = keys.renormalize().isEmpty();
    checkArgument(
        !always || spec.router().renormalize(),
        "a %s router must renormalise, got one that does not",
        family);
    if (!always) {
      config.put(keys.renormalize().get(0), spec.router().renormalize());
    }
    HeadNorm norm = ((GroupedAttention) spec.attention()).headNorm();
    checkArgument(
        (norm == HeadNorm.PER_HEAD) == model.headNorm(),
        "head norm of %s must be %s, got %s",
        family,
        model.headNorm(),
        norm);
  }

  private void writeLayers(ObjectNode config, MoeSpec spec) {
    only(spec, LayerSpec.Moe.class)
        .ifPresent(
            moe -> {
              config.put(keys.experts().get(0), moe.experts());
              config.put(keys.topK().get(0), moe.topK());
              config.put(keys.expertWidth().get(0), moe.expertWidth());
            });
    Optional<LayerSpec.Dense> dense = only(spec, LayerSpec.Dense.class);
    if (dense.isPresent()) {
      checkArgument(!keys.denseLayers().isEmpty(), "%s has no dense layers, got one", family);
      config.put(keys.denseWidth().get(0), dense.get().width());
      ArrayNode indices = config.putArray(keys.denseLayers().get(0));
      for (int layer = 0; layer < spec.layerCount(); layer++) {
        if (spec.layers().get(layer) instanceof LayerSpec.Dense) {
          indices.add(layer);
        }
      }
    }
  }

  /** The one shape that all layers of a kind share. */
  private <T extends LayerSpec> Optional<T> only(MoeSpec spec, Class<T> kind) {
    ImmutableSet<T> shapes =
        spec.layers().stream()
            .filter(kind::isInstance)
            .map(kind::cast)
            .collect(ImmutableSet.toImmutableSet());
    checkArgument(
        shapes.size() <= 1, "layers of one kind must share a shape in %s, got %s", family, shapes);
    return shapes.stream().findFirst();
  }
}

package dev.coppice.moe.family;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.anatomy.FamilyTraits;
import dev.coppice.moe.anatomy.KindRule;
import dev.coppice.moe.anatomy.RouterTraits;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.util.Optional;
import java.util.function.Function;

/**
 * Writes a configuration for a shape.
 *
 * <p>What it wrote is read again and compared, so that a family which cannot express something is
 * refused.
 */
final class FreshConfig {
  private final FamilyDescription family;
  private final FamilyTraits traits;
  private final ModelTraits model;
  private final ObjectNode config = JsonNodeFactory.instance.objectNode();

  FreshConfig(FamilyDescription family, ModelTraits model) {
    this.family = family;
    this.traits = family.growth();
    this.model = model;
  }

  ObjectNode write(MoeSpec spec) {
    config.putArray("architectures").add(model.architecture());
    config.put("model_type", family.name());
    config.put("dtype", "float32");
    config.put("torch_dtype", "float32");
    config.setAll(model.fresh());
    config.put("vocab_size", spec.vocabularySize());
    config.put("hidden_size", spec.hiddenSize());
    config.put("rms_norm_eps", spec.normEpsilon());
    config.put("tie_word_embeddings", spec.tiedHead());
    config.put("max_position_embeddings", spec.maxPositions());
    config.put(traits.layers().get(0), spec.layerCount());
    new FreshAttention(family.name(), model, config).write(spec.attention());
    writeRouter(spec.router());
    writeLayers(spec);
    writeWindows(spec);
    writeMultipliers(spec);
    check(spec);
    return config;
  }

  private void writeRouter(RouterSpec spec) {
    RouterTraits router = traits.router();
    boolean always = router.renormalize().equals("always");
    checkArgument(
        !always || spec.renormalize() || spec.scoring() == RouterSpec.Scoring.CHOSEN_SOFTMAX,
        "a %s router must renormalise, got one that does not",
        family.name());
    if (!always && !router.renormalize().equals("never")) {
      config.put(router.renormalize(), spec.renormalize());
    }
    if (!router.scale().isEmpty()) {
      config.put(router.scale(), spec.scalingFactor());
    }
    for (RouterTraits.Groups groups : router.groups()) {
      config.put(groups.count(), spec.groups());
      config.put(groups.chosen(), spec.topGroups());
      if (spec.groups() > 1) {
        groups.when().forEach(condition -> config.set(condition.key(), condition.values().get(0)));
      }
    }
  }

  private void writeLayers(MoeSpec spec) {
    only(spec, LayerSpec::mixture).ifPresent(this::writeMoe);
    Optional<LayerSpec.Dense> dense = only(spec, LayerSpec::dense);
    if (dense.isPresent()) {
      ImmutableList<String> keys = model.feedForward().denseWidth();
      checkArgument(!keys.isEmpty(), "%s has no dense layers, got one", family.name());
      config.put(keys.get(0), dense.get().width());
    }
    if (!traits.kinds().isEmpty()) {
      traits.kinds().get(0).forEach(rule -> writeKinds(rule, spec));
    }
  }

  private void writeMoe(LayerSpec.Moe moe) {
    ModelTraits.FeedForward keys = model.feedForward();
    config.put(traits.experts().get(0), moe.experts());
    config.put(traits.topK().get(0), moe.topK());
    config.put(keys.expertWidth().get(0), moe.expertWidth());
    if (!keys.sharedWidth().isEmpty()) {
      config.put(keys.sharedWidth(), moe.sharedWidth());
    }
    if (!keys.sharedCount().isEmpty()) {
      config.put(keys.sharedCount(), moe.sharedWidth() / moe.expertWidth());
    }
  }

  private void writeKinds(KindRule rule, MoeSpec spec) {
    if (rule instanceof KindRule.Prefix prefix) {
      int dense = 0;
      while (dense < spec.layerCount() && isDense(spec, dense)) {
        dense++;
      }
      config.put(prefix.key(), dense);
    } else if (rule instanceof KindRule.DenseIndices indices) {
      ArrayNode list = config.putArray(indices.key());
      for (int layer = 0; layer < spec.layerCount(); layer++) {
        if (isDense(spec, layer)) {
          list.add(layer);
        }
      }
    } else if (rule instanceof KindRule.Step step) {
      config.put(step.key(), 1);
    }
  }

  private static boolean isDense(MoeSpec spec, int layer) {
    return !spec.layers().get(layer).isMixture();
  }

  private void writeWindows(MoeSpec spec) {
    int width = spec.windows().stream().mapToInt(Integer::intValue).max().orElse(0);
    for (ModelTraits.Window window : model.window()) {
      if (width > 0) {
        config.put(window.width(), width);
        window.when().forEach(condition -> config.set(condition.key(), condition.values().get(0)));
      }
      if (!window.types().isEmpty()) {
        ArrayNode types = config.putArray(window.types());
        for (int layer = 0; layer < spec.layerCount(); layer++) {
          types.add(spec.window(layer) > 0 ? WindowReader.SLIDING : WindowReader.FULL);
        }
      }
    }
  }

  private void writeMultipliers(MoeSpec spec) {
    for (ModelTraits.MultiplierKeys keys : model.multipliers()) {
      config.put(keys.embedding(), spec.multipliers().embedding());
      config.put(keys.residual(), spec.multipliers().residual());
      config.put(keys.logits(), spec.multipliers().logits());
    }
  }

  private void check(MoeSpec spec) {
    MoeSpec said = new SpecReader(family, model, config).read();
    same("attention", said.attention(), spec.attention());
    same("layers", said.layers(), spec.layers());
    same("windows", said.windows(), visible(spec));
    same("router", said.router(), spec.router());
    same("gate", said.gate(), spec.gate());
    same("multipliers", said.multipliers(), spec.multipliers());
  }

  /** Windows as they are read: those that mask nothing are none. */
  private static ImmutableList<Integer> visible(MoeSpec spec) {
    boolean none = spec.windows().stream().allMatch(w -> w == 0 || w >= spec.maxPositions());
    return none ? ImmutableList.of() : spec.windows();
  }

  private void same(String what, Object said, Object meant) {
    checkArgument(
        said.equals(meant), "%s of %s must be %s, got %s", what, family.name(), said, meant);
  }

  /** The one shape that all layers of a kind share. */
  private <T extends LayerSpec> Optional<T> only(
      MoeSpec spec, Function<LayerSpec, Optional<T>> kind) {
    ImmutableSet<T> shapes =
        spec.layers().stream()
            .flatMap(layer -> kind.apply(layer).stream())
            .collect(ImmutableSet.toImmutableSet());
    checkArgument(
        shapes.size() <= 1,
        "layers of one kind must share a shape in %s, got %s",
        family.name(),
        shapes);
    return shapes.stream().findFirst();
  }
}

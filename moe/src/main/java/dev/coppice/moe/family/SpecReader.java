package dev.coppice.moe.family;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.anatomy.ConfigView;
import dev.coppice.moe.anatomy.FamilyTraits;
import dev.coppice.moe.anatomy.LayerReader;
import dev.coppice.moe.anatomy.RouterTraits;
import dev.coppice.moe.spec.GateSpec;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.Multipliers;
import dev.coppice.moe.spec.RopeScaling;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.spec.RouterSpec.GroupScore;
import dev.coppice.moe.spec.RouterSpec.Scoring;
import java.util.Optional;

/** Reads the shape out of a configuration. */
final class SpecReader {
  /** Far beyond any model; a list of so many is still small. */
  private static final int MAX_LAYERS = 10_000;

  private final String family;
  private final FamilyTraits traits;
  private final ModelTraits model;
  private final ConfigReader config;
  private final AttentionReader attention;

  SpecReader(FamilyDescription family, ModelTraits model, ObjectNode raw) {
    this.family = family.name();
    this.traits = family.growth();
    this.model = model;
    this.config = new ConfigReader(ConfigView.of(raw, traits).withDefaults(model.defaults()));
    this.attention = new AttentionReader(model.attention(), config);
  }

  MoeSpec read() {
    try {
      int layers = layerCount();
      LayerReader reader = new LayerReader(traits, config.view());
      var attends = attention.read();
      int positions = positions(attends.rope().scaling());
      return new MoeSpec(
          family,
          config.positive("vocab_size"),
          config.positive("hidden_size"),
          attends,
          router(),
          layers(reader),
          config.positiveNumber("rms_norm_eps"),
          config.flag("tie_word_embeddings"),
          positions,
          new WindowReader(model, config, reader).read(layers, positions),
          gate(),
          multipliers());
    } catch (IllegalArgumentException e) {
      throw ConfigReader.bad(String.valueOf(e.getMessage()));
    }
  }

  /** The parts of the configuration that the kernels cannot run; empty for nothing. */
  Optional<String> refusal() {
    String why = attention.refusal();
    if (why.isEmpty() && scoring().isEmpty()) {
      why = "supported router scores, got " + traits.router().scoring();
    }
    if (why.isEmpty()) {
      why = WindowReader.refusal(model, config);
    }
    return why.isEmpty() ? Optional.empty() : Optional.of(why);
  }

  private int positions(RopeScaling scaling) {
    int positions = config.positive("max_position_embeddings");
    return scaling instanceof RopeScaling.Dynamic dynamic
        ? (int) Math.min(Integer.MAX_VALUE, positions * dynamic.factor())
        : positions;
  }

  private int layerCount() {
    int count = config.positive(traits.layers());
    if (count > MAX_LAYERS) {
      throw ConfigReader.bad(
          traits.layers().get(0) + " must be at most " + MAX_LAYERS + ", got " + count);
    }
    return count;
  }

  private RouterSpec router() {
    RouterTraits router = traits.router();
    Scoring scoring =
        scoring()
            .orElseThrow(() -> new IllegalArgumentException("router must have supported scores"));
    ImmutableList<RouterTraits.Groups> groups = router.activeGroups(config.view());
    Optional<RouterTraits.Groups> group = groups.stream().findFirst();
    return new RouterSpec(
        scoring,
        scoring != Scoring.CHOSEN_SOFTMAX && config.flag(router.renormalize()),
        model.tensors().containsKey(TensorRole.ROUTER_BIAS),
        model.tensors().containsKey(TensorRole.SELECTION_BIAS),
        group.map(g -> config.positive(g.count())).orElse(1),
        group.map(g -> config.positive(g.chosen())).orElse(1),
        group.map(g -> groupScore(g.score())).orElse(GroupScore.MAX),
        router.scale().isEmpty() ? 1 : config.positiveNumber(router.scale()));
  }

  private Optional<Scoring> scoring() {
    return traits
        .router()
        .score(config.view())
        .flatMap(
            score ->
                switch (score) {
                  case SOFTMAX -> Optional.of(Scoring.SOFTMAX);
                  case TOPK_SOFTMAX -> Optional.of(Scoring.CHOSEN_SOFTMAX);
                  case SIGMOID -> Optional.of(Scoring.SIGMOID);
                  case SQRT_SOFTPLUS, SIGMOID_INPUT, SPARSEMIXER -> Optional.empty();
                });
  }

  private static GroupScore groupScore(String name) {
    return switch (name) {
      case "max" -> GroupScore.MAX;
      case "top2" -> GroupScore.TOP_TWO_SUM;
      default -> throw new IllegalArgumentException("group score must be max or top2, got " + name);
    };
  }

  private ImmutableList<LayerSpec> layers(LayerReader reader) {
    Supplier<LayerSpec> dense = Suppliers.memoize(this::denseLayer);
    Supplier<LayerSpec> moe = Suppliers.memoize(this::moeLayer);
    ImmutableList.Builder<LayerSpec> layers = ImmutableList.builder();
    for (boolean isMoe : reader.kinds()) {
      layers.add(isMoe ? moe.get() : dense.get());
    }
    return layers.build();
  }

  private LayerSpec denseLayer() {
    if (model.feedForward().denseWidth().isEmpty()) {
      throw ConfigReader.bad("layers of " + family + " must hold experts, got a dense one");
    }
    return new LayerSpec.Dense(config.positive(model.feedForward().denseWidth()));
  }

  private LayerSpec moeLayer() {
    int width = config.positive(model.feedForward().expertWidth());
    int shared = sharedWidth(width);
    return new LayerSpec.Moe(
        config.positive(traits.experts()),
        config.positive(traits.topK()),
        width,
        shared,
        shared > 0 && config.flag(model.feedForward().sharedGate()));
  }

  private int sharedWidth(int expertWidth) {
    String width = model.feedForward().sharedWidth();
    if (!width.isEmpty()) {
      return zeroOrMore(width);
    }
    String count = model.feedForward().sharedCount();
    if (count.isEmpty()) {
      return 0;
    }
    long sum = (long) zeroOrMore(count) * expertWidth;
    if (sum > Integer.MAX_VALUE) {
      throw ConfigReader.bad(count + " must be a count of experts, got " + zeroOrMore(count));
    }
    return (int) sum;
  }

  private int zeroOrMore(String key) {
    JsonNode node = config.nullable(key);
    boolean none = node.isMissingNode() || (node.isInt() && node.intValue() == 0);
    return none ? 0 : ConfigReader.positive(node, key);
  }

  private GateSpec gate() {
    return model.feedForward().gate().stream()
        .findFirst()
        .map(gate -> new GateSpec(true, gate.alpha(), gate.limit(), gate.bias()))
        .orElse(GateSpec.SWIGLU);
  }

  private Multipliers multipliers() {
    return model.multipliers().stream()
        .findFirst()
        .map(
            keys ->
                new Multipliers(
                    config.positiveNumber(keys.embedding()),
                    config.positiveNumber(keys.residual()),
                    config.positiveNumber(keys.logits())))
        .orElse(Multipliers.NONE);
  }
}

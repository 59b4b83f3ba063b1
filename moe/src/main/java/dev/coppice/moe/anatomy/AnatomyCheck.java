package dev.coppice.moe.anatomy;

import com.google.common.collect.ArrayListMultimap;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ListMultimap;
import com.google.common.collect.Multimaps;
import dev.coppice.moe.anatomy.Anatomy.Held;
import dev.coppice.moe.anatomy.Anatomy.TensorSet;
import dev.coppice.moe.anatomy.TensorSite.PartSite;
import dev.coppice.moe.anatomy.TensorSite.Region;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import dev.coppice.moe.safetensors.TensorSlot;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** Holds tensors against configuration: no layer, router or expert too few or too many. */
final class AnatomyCheck {
  private final Anatomy anatomy;
  private final FamilyTraits traits;
  private final UnaryOperator<String> file;
  private final Predicate<String> stranger;

  /**
   * A check.
   *
   * @param anatomy what is checked
   * @param tensors of which it is the anatomy
   */
  AnatomyCheck(Anatomy anatomy, TensorSet tensors) {
    this.anatomy = anatomy;
    this.traits = anatomy.traits();
    this.file = tensors.file();
    this.stranger = tensors.stranger();
  }

  void check(List<Held> tensors) {
    new MtpCheck(anatomy, file).check(tensors);
    // routers first: where the expert count is wrong they say so best
    tensors.forEach(this::checkRouter);
    tensors.forEach(this::checkSite);
    checkModel();
    ListMultimap<Integer, Held> byLayer = byLayer(tensors, Region.LAYER);
    Multimaps.asMap(byLayer(tensors, Region.MTP))
        .forEach((layer, held) -> checkExperts(layer, layer(held.get(0).site()).experts(), held));
    for (int layer = 0; layer < anatomy.layerCount(); layer++) {
      checkLayer(layer, byLayer.get(layer));
    }
    if (!Boolean.FALSE.equals(traits.uniform())) {
      checkUniform(byLayer);
    }
  }

  private void checkRouter(Held held) {
    TensorSlot slot = held.slot();
    TensorSite site = held.site();
    Optional<PartSite> part = site.part();
    if (part.isEmpty() || part.get().part().ofExperts() || part.get().part() == Part.EXPERT_IDS) {
      return;
    }
    LayerShape layer = layer(site);
    long wanted = (long) layer.experts() + anatomy.identityExperts();
    long rows = part.get().part() == Part.ROUTER ? slot.shape().get(0) : slot.elementCount();
    if (layer.moe() && rows != wanted) {
      throw mismatch(
          slot.name(),
          String.format(
              Locale.ROOT,
              "%s of %s has %d %s, but config.json says %d experts (%s) in tensor %s",
              part.get().part() == Part.ROUTER ? "router" : "router's bias",
              place(site),
              rows,
              part.get().part() == Part.ROUTER ? "rows" : "entries",
              wanted,
              anatomy.config().names(traits.experts()),
              slot.name()));
    }
  }

  private LayerShape layer(TensorSite site) {
    if (site.inLayer() && site.layer() < anatomy.layerCount()) {
      return anatomy.layers().get(site.layer());
    }
    return anatomy.layers().stream()
        .filter(LayerShape::moe)
        .findFirst()
        .orElse(anatomy.layers().get(0));
  }

  private void checkSite(Held held) {
    TensorSlot slot = held.slot();
    TensorSite site = held.site();
    if (site.inLayer() && site.layer() >= anatomy.layerCount()) {
      throw mismatch(slot.name(), layerTooMany(anatomy, slot.name(), site.layer()));
    }
    if (site.part().isEmpty()) {
      return;
    }
    LayerShape layer = layer(site);
    if (!layer.moe()) {
      throw mismatch(
          slot.name(),
          "tensor '" + slot.name() + "' does not fit its layer, which config.json calls dense");
    }
    checkPart(slot, site.part().get(), layer.experts());
  }

  /** Why a tensor's layer cannot be. */
  static String layerTooMany(Anatomy anatomy, String tensor, int layer) {
    return String.format(
        Locale.ROOT,
        "tensor '%s' is of layer %d, but config.json says %d layers (%s)",
        tensor,
        layer,
        anatomy.layerCount(),
        anatomy.reader().layerKey());
  }

  private void checkPart(TensorSlot slot, PartSite part, int experts) {
    if (part.expert().isPresent()
        && part.expert().getAsInt() >= (long) experts + anatomy.identityExperts()) {
      throw mismatch(
          slot.name(),
          "tensor '"
              + slot.name()
              + "' is of an expert too many, but config.json says "
              + experts
              + " experts ("
              + anatomy.config().names(traits.experts())
              + ")");
    }
    if (part.suffix().equals("?")) {
      throw mismatch(
          slot.name(),
          String.format(
              Locale.ROOT,
              "tensor '%s' must hold %d experts of model width %d by config.json (%s), got shape"
                  + " %s",
              slot.name(),
              experts,
              anatomy.config().positive(traits.hidden()),
              anatomy.config().names(traits.experts()),
              slot.shape()));
    }
  }

  private void checkModel() {
    if (anatomy.sites().keySet().stream().noneMatch(anatomy::isEmbedding)) {
      throw mismatch("tensor '" + traits.embedding().get(0) + "' must be there, got none");
    }
    boolean untied =
        anatomy.config().has("tie_word_embeddings")
            && !anatomy.config().value("tie_word_embeddings").asBoolean();
    if (untied && anatomy.sites().keySet().stream().noneMatch(anatomy::isHead)) {
      throw mismatch(
          "tensor '"
              + traits.head().get(0)
              + "' must be there by config.json (tie_word_embeddings is false), got none");
    }
  }

  private static ListMultimap<Integer, Held> byLayer(List<Held> tensors, Region region) {
    ListMultimap<Integer, Held> byLayer = ArrayListMultimap.create();
    for (Held held : tensors) {
      if (held.site().region() == region && !held.site().container().isEmpty()) {
        byLayer.put(held.site().layer(), held);
      }
    }
    return byLayer;
  }

  private void checkLayer(int layer, List<Held> slots) {
    if (slots.isEmpty()) {
      throw mismatch(
          String.format(
              Locale.ROOT,
              "layer %d must have tensors, since config.json says %d layers (%s), got none",
              layer,
              anatomy.layerCount(),
              anatomy.reader().layerKey()));
    }
    LayerShape shape = anatomy.layers().get(layer);
    if (!shape.moe()) {
      return;
    }
    if (slots.stream().noneMatch(held -> held.site().is(Part.ROUTER))) {
      throw mismatch(
          "layer " + layer + " must have a router by config.json, got none: is it a dense layer?");
    }
    checkExperts(layer, shape.experts(), slots);
    boolean any =
        slots.stream()
            .flatMap(held -> held.site().part().stream())
            .anyMatch(part -> part.part().ofExperts());
    if (!any) {
      throw mismatch("layer " + layer + " must have experts by config.json, got none");
    }
  }

  /** Every tensor that one expert has, all have. */
  private void checkExperts(int layer, int experts, List<Held> slots) {
    Map<String, BitSet> owners = new LinkedHashMap<>();
    Map<String, TensorSite> examples = new HashMap<>();
    for (Held held : slots) {
      TensorSite site = held.site();
      if (site.expert().isPresent()) {
        owners.computeIfAbsent(site.name(), n -> new BitSet()).set(site.expert().getAsInt());
        examples.putIfAbsent(site.name(), site);
      }
    }
    owners.forEach(
        (name, owner) -> {
          int missing = owner.nextClearBit(0);
          if (missing < experts) {
            throw mismatch(
                String.format(
                    Locale.ROOT,
                    "tensor '%s' must be there, since config.json says %d experts (%s), got none"
                        + " (layer %d)",
                    Objects.requireNonNull(examples.get(name)).ofExpert(missing).fullName(),
                    experts,
                    anatomy.config().names(traits.experts()),
                    layer));
          }
        });
  }

  /** Layers of which the configuration says the same hold tensors of the same names and shapes. */
  private void checkUniform(ListMultimap<Integer, Held> byLayer) {
    Map<Integer, Map<String, ImmutableList<Long>>> shapes = new HashMap<>();
    Map<LayerShape, Integer> first = new HashMap<>();
    for (int layer = 0; layer < anatomy.layerCount(); layer++) {
      Integer model = first.putIfAbsent(anatomy.layers().get(layer), layer);
      if (model != null) {
        compare(
            shapes.computeIfAbsent(model, m -> shapes(byLayer.get(m))),
            shapes(byLayer.get(layer)),
            model,
            layer);
      }
    }
  }

  /**
   * Shapes by name, experts apart: all have the same, or that is the fault. Buffers, states and
   * tensors of which nothing says what they are may stand in some layers only.
   */
  private Map<String, ImmutableList<Long>> shapes(List<Held> tensors) {
    Map<String, ImmutableList<Long>> shapes = new LinkedHashMap<>();
    for (Held held : tensors) {
      if (mayStandAlone(held)) {
        continue;
      }
      ImmutableList<Long> shape = held.slot().shape();
      ImmutableList<Long> other = shapes.putIfAbsent(held.site().name(), shape);
      if (other != null && !other.equals(shape)) {
        throw mismatch(
            held.slot().name(),
            String.format(
                Locale.ROOT,
                "tensor '%s' must have shape %s as those of other experts, got %s",
                held.slot().name(),
                other,
                shape));
      }
    }
    return shapes;
  }

  /** What packs a weight is not named by the family, and stands in all layers like the weight. */
  private boolean mayStandAlone(Held held) {
    String name = held.slot().name();
    return anatomy.packing().isAside(name)
        || (held.site().part().isEmpty()
            && stranger.test(name)
            && anatomy.packing().role(held.slot()).isLoose());
  }

  private void compare(
      Map<String, ImmutableList<Long>> model,
      Map<String, ImmutableList<Long>> other,
      int modelLayer,
      int layer) {
    model.forEach(
        (name, shape) -> {
          ImmutableList<Long> found = other.get(name);
          if (found == null) {
            throw mismatch(missing(name, layer, modelLayer));
          }
          if (!found.equals(shape)) {
            throw mismatch(
                String.format(
                    Locale.ROOT,
                    "tensor like '%s' of layer %d must have shape %s as in layer %d, of which"
                        + " config.json says the same, got %s",
                    name,
                    layer,
                    shape,
                    modelLayer,
                    found));
          }
        });
    other.keySet().stream()
        .filter(name -> !model.containsKey(name))
        .findFirst()
        .ifPresent(
            name -> {
              throw mismatch(missing(name, modelLayer, layer));
            });
  }

  private static String missing(String name, int layer, int other) {
    return String.format(
        Locale.ROOT,
        "layer %d must have a tensor like '%s' as layer %d has, of which config.json says the same,"
            + " got none",
        layer,
        name,
        other);
  }

  private String place(TensorSite site) {
    return (site.region() == Region.MTP ? "next-token-prediction layer " : "layer ") + site.layer();
  }

  /** A fault of one tensor, which names its file. */
  private CheckpointFormatException mismatch(String tensor, String detail) {
    return new CheckpointFormatException(
        Reason.CONFIG_MISMATCH, Path.of(file.apply(tensor)), detail);
  }

  /** A fault of the whole. */
  private static CheckpointFormatException mismatch(String detail) {
    return new CheckpointFormatException(Reason.CONFIG_MISMATCH, Path.of("config.json"), detail);
  }
}

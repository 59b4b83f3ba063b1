package dev.coppice.moe.anatomy;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Streams;
import dev.coppice.moe.anatomy.TensorSite.Region;
import dev.coppice.moe.packing.Packing;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import dev.coppice.moe.safetensors.TensorSlot;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Iterator;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * A checkpoint as growth sees it: what the configuration says of each layer, where each tensor
 * stands, and the proof that the two agree.
 *
 * <p>Made from names and shapes alone, for files and for plans. Numbers that no rule names (norms,
 * attention, recurrences, whatever a family has) belong to their layer and are carried along.
 */
public final class Anatomy {
  private final String family;
  private final FamilyTraits traits;
  private final ConfigView config;
  private final LayerReader reader;
  private final ImmutableList<LayerShape> layers;
  private final ImmutableMap<String, TensorSite> sites;
  private final ImmutableList<Held> held;
  private final Packing packing;
  private final boolean tiedHead;
  private final Counts counts;

  /**
   * Tensors by name and shape, and where they lie.
   *
   * @param slots all tensors
   * @param file the file that holds a tensor, for messages
   * @param stranger whether a family that names all its tensors does not name a tensor
   */
  public record TensorSet(
      Collection<TensorSlot> slots, UnaryOperator<String> file, Predicate<String> stranger) {
    /** Tensors of a family that need not name them all. */
    public TensorSet(Collection<TensorSlot> slots, UnaryOperator<String> file) {
      this(slots, file, name -> false);
    }
  }

  /** A tensor and where it stands. */
  record Held(TensorSlot slot, TensorSite site) {}

  private Anatomy(
      String family, FamilyTraits traits, ObjectNode raw, Collection<TensorSlot> slots) {
    this.family = family;
    this.traits = traits;
    this.config = ConfigView.of(raw, traits);
    LayerReader first = new LayerReader(traits, config);
    this.reader = first.hasLongLists() ? first.withMtp(mtpLayers(first, slots)) : first;
    if (reader.layers() > slots.size()) {
      // before a number is taken for a list of that length
      throw new CheckpointFormatException(
          Reason.CONFIG_MISMATCH,
          Path.of("config.json"),
          String.format(
              Locale.ROOT,
              "tensors must be at least as many as the %d layers of config.json (%s), got %d",
              reader.layers(),
              config.names(traits.layers()),
              slots.size()));
    }
    this.layers = reader.read();
    SiteFinder finder = new SiteFinder(traits, layers, config.positive(traits.hidden()));
    ImmutableMap.Builder<String, TensorSite> found =
        ImmutableMap.builderWithExpectedSize(slots.size());
    ImmutableList.Builder<Held> all = ImmutableList.builderWithExpectedSize(slots.size());
    Iterator<TensorSite> standing = finder.findAll(slots).iterator();
    for (TensorSlot slot : slots) {
      TensorSite site = standing.next();
      found.put(slot.name(), site);
      all.add(new Held(slot, site));
    }
    this.sites = found.buildOrThrow();
    this.held = all.build();
    this.packing = Packing.of(raw, slots);
    this.tiedHead = readTiedHead();
    this.counts = Counts.of(this, held);
  }

  private static int mtpLayers(LayerReader reader, Collection<TensorSlot> slots) {
    Containers containers = new Containers(reader.traits(), reader.layers());
    return (int)
        slots.stream()
            .flatMap(slot -> containers.find(slot.name()).stream())
            .filter(Containers.Place::mtp)
            .map(place -> place.template() + place.layer())
            .distinct()
            .count();
  }

  /**
   * The anatomy of a set of tensors under a configuration.
   *
   * @param family name of the family, for messages
   * @param traits how it says things
   * @param config {@code config.json}; not changed, not kept
   * @param tensors all tensors
   * @throws dev.coppice.moe.safetensors.CheckpointFormatException if configuration and tensors are
   *     at odds: a layer, router or expert too few or too many, extents that do not fit
   */
  public static Anatomy of(
      String family, FamilyTraits traits, ObjectNode config, TensorSet tensors) {
    Anatomy anatomy = new Anatomy(family, traits, config.deepCopy(), tensors.slots());
    new AnatomyCheck(anatomy, tensors).check(anatomy.held);
    return anatomy;
  }

  /** Name of the family. */
  public String family() {
    return family;
  }

  /** How the family says things. */
  public FamilyTraits traits() {
    return traits;
  }

  /** The configuration as the family reads it. */
  public ConfigView config() {
    return config;
  }

  /** Reads lists and rules of that configuration. */
  public LayerReader reader() {
    return reader;
  }

  /** The configuration's entries of each layer, first layer first. */
  public ImmutableList<LayerShape> layers() {
    return layers;
  }

  /** Number of layers, next-token-prediction layers apart. */
  public int layerCount() {
    return layers.size();
  }

  /** Number of next-token-prediction layers that have tensors. */
  public int mtpLayerCount() {
    return (int)
        sites.values().stream()
            .filter(site -> site.region() == Region.MTP && !site.container().isEmpty())
            .map(site -> site.container() + site.layer())
            .distinct()
            .count();
  }

  /** Next-token-prediction layers as the configuration counts them, and those of the files. */
  public MtpLayers mtp() {
    return MtpLayers.of(traits, config, mtpLayerCount());
  }

  /** Harmless oddities of the model, a sentence each. */
  public ImmutableList<String> warnings() {
    return mtp().warning().stream().collect(ImmutableList.toImmutableList());
  }

  /** Routed experts of the first layer that has any; 0 without one. */
  public int experts() {
    return layers.stream().mapToInt(LayerShape::experts).filter(e -> e > 0).findFirst().orElse(0);
  }

  /** Experts chosen for a token there; 0 without one. */
  public int topK() {
    return layers.stream().mapToInt(LayerShape::topK).filter(k -> k > 0).findFirst().orElse(0);
  }

  /** Routed experts without weights that stand behind the others in the router. */
  public int identityExperts() {
    return traits.identityExperts().isEmpty() || !config.has(traits.identityExperts())
        ? 0
        : config.count(traits.identityExperts());
  }

  /** Whether embedding and head are one matrix. */
  public boolean tiedHead() {
    return tiedHead;
  }

  private boolean readTiedHead() {
    return config.value("tie_word_embeddings").asBoolean(false)
        || sites.keySet().stream().noneMatch(this::isHead);
  }

  /** Whether a tensor is the output projection, or part of a packed one. */
  boolean isHead(String tensor) {
    return isOf(traits.head(), tensor);
  }

  /** Whether a tensor is the input embedding, or part of a packed one. */
  boolean isEmbedding(String tensor) {
    return isOf(traits.embedding(), tensor);
  }

  private static boolean isOf(ImmutableList<String> weights, String tensor) {
    for (String weight : weights) {
      int module = weight.length() - ".weight".length();
      if (tensor.equals(weight)
          || (weight.endsWith(".weight") && tensor.startsWith(weight.substring(0, module) + "."))) {
        return true;
      }
    }
    return false;
  }

  /** Which tensors are weights, and what stands beside packed ones. */
  public Packing packing() {
    return packing;
  }

  /** Where every tensor stands, by name. */
  public ImmutableMap<String, TensorSite> sites() {
    return sites;
  }

  /**
   * Where a tensor stands.
   *
   * @throws IllegalArgumentException if there is no such tensor
   */
  public TensorSite site(String tensor) {
    TensorSite site = sites.get(tensor);
    checkArgument(site != null, "tensor must be one of the checkpoint's, got '%s'", tensor);
    return site;
  }

  /** Whether width growth would have to guess at a tensor. */
  public boolean isUnknown(TensorSite site) {
    boolean moe =
        switch (site.region()) {
          case MODEL -> false;
          case LAYER -> layers.get(site.layer()).moe();
          case MTP -> !site.container().isEmpty();
        };
    return moe && SiteFinder.isUnknown(traits, site);
  }

  /** Why the model cannot grow by an operator ({@code width}, {@code depth}, {@code identity}). */
  public Optional<String> refusal(String operator) {
    String always = traits.refuses().get(operator);
    if (always != null) {
      return Optional.of(always);
    }
    ConfigView effective = reader.effective();
    return traits.refusesIf().stream()
        .filter(refusal -> refusal.operator().equals(operator))
        .filter(
            refusal ->
                Streams.stream(effective.value(refusal.key()))
                    .anyMatch(entry -> entry.asText().equals(refusal.contains())))
        .map(FamilyTraits.ConditionalRefusal::reason)
        .findFirst();
  }

  /** Parameter counts. */
  public Counts counts() {
    return counts;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Anatomy anatomy
        && family.equals(anatomy.family)
        && layers.equals(anatomy.layers)
        && sites.equals(anatomy.sites)
        && counts.equals(anatomy.counts);
  }

  @Override
  public int hashCode() {
    return Objects.hash(family, layers, sites, counts);
  }
}

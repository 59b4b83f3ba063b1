package dev.coppice.growth.plan;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSortedMap;
import dev.coppice.moe.anatomy.Anatomy;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.safetensors.TensorSlot;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Everything that a growth will write: the new config, and for every output tensor how its bytes
 * are made. Immutable plain data; nothing is read or written to make it.
 *
 * <p>Each step of a plan is held against its own config by the check that opening a checkpoint
 * makes: a plan whose tensors and config are at odds cannot exist.
 */
public final class GrowthPlan {
  private final Family family;
  private final long seed;
  private final ObjectNode config;
  private final ImmutableSortedMap<String, PlannedTensor> tensors;
  private final Anatomy anatomy;
  private final Effect effect;
  private final Ancestry ancestry;
  private final Beside beside;

  /**
   * Notes of a plan beside config and tensors.
   *
   * @param sideFiles side files that grow, by name; all others are copied
   * @param notes sentences on what became of them
   * @param warnings sentences on what is not certain in them or in the config
   */
  record Beside(
      ImmutableSortedMap<String, ObjectNode> sideFiles,
      ImmutableList<String> notes,
      ImmutableList<String> warnings) {
    /** Nothing. */
    static final Beside NONE =
        new Beside(ImmutableSortedMap.of(), ImmutableList.of(), ImmutableList.of());
  }

  /**
   * The effect of a growth on the model's function.
   *
   * @param invariant what is kept of it
   * @param notes sentences for the user: the recipe that was chosen, and why
   */
  public record Effect(Invariant invariant, ImmutableList<String> notes) {
    /** Nothing was changed. */
    static final Effect NONE = new Effect(Invariant.IDENTITY, ImmutableList.of());

    /** This effect, then another. */
    Effect then(Effect next) {
      return new Effect(
          invariant.and(next.invariant),
          ImmutableList.<String>builder().addAll(notes).addAll(next.notes).build());
    }
  }

  private GrowthPlan(
      Family family,
      long seed,
      ObjectNode config,
      Anatomy anatomy,
      Collection<PlannedTensor> planned,
      Effect effect,
      Ancestry ancestry,
      Beside beside) {
    checkArgument(!planned.isEmpty(), "a plan must have a tensor, got none");
    this.family = family;
    this.seed = seed;
    this.config = config;
    this.effect = effect;
    this.ancestry = ancestry;
    this.beside = beside;
    this.anatomy = anatomy;
    ImmutableSortedMap.Builder<String, PlannedTensor> byName = ImmutableSortedMap.naturalOrder();
    for (PlannedTensor tensor : planned) {
      byName.put(tensor.name(), tensor.at(anatomy.site(tensor.name())));
    }
    this.tensors = byName.buildOrThrow();
  }

  /**
   * The plan that copies a checkpoint as it is.
   *
   * @param checkpoint the source
   * @param seed seed of all noise that operators add
   */
  public static GrowthPlan unchanged(Checkpoint checkpoint, long seed) {
    return unchanged(
        checkpoint.family(),
        checkpoint.config(),
        checkpoint.anatomy(),
        checkpoint.tensors().values().stream().map(StoredTensor::slot).toList(),
        seed);
  }

  /**
   * The plan that copies a checkpoint as it is, from names and shapes alone: nothing has to exist.
   *
   * @param family its family
   * @param config its {@code config.json}
   * @param slots its tensors
   * @param seed seed of all noise that operators add
   */
  public static GrowthPlan unchanged(
      Family family, ObjectNode config, Collection<TensorSlot> slots, long seed) {
    return unchanged(family, config.deepCopy(), anatomy(family, config, slots), slots, seed);
  }

  private static GrowthPlan unchanged(
      Family family, ObjectNode config, Anatomy anatomy, Collection<TensorSlot> slots, long seed) {
    return new GrowthPlan(
        family,
        seed,
        config,
        anatomy,
        slots.stream()
            .map(
                slot ->
                    new PlannedTensor(
                        slot, anatomy.site(slot.name()), new TensorRecipe.Copy(slot.name())))
            .toList(),
        Effect.NONE,
        Ancestry.of(anatomy),
        Beside.NONE);
  }

  private static Anatomy anatomy(Family family, ObjectNode config, Collection<TensorSlot> slots) {
    return Anatomy.of(
        family.name(),
        family.traits(),
        config,
        new Anatomy.TensorSet(slots, name -> "grown checkpoint", family::isStranger));
  }

  /**
   * The plan of a growth.
   *
   * <p>Names of modules, in the config and in side files, follow at the end, from the source's
   * modules to those of the last operator.
   *
   * @param checkpoint the source
   * @param operator how it grows
   * @param seed seed of all noise
   * @throws dev.coppice.moe.CoppiceException if the model cannot grow so, or no config can say it
   */
  public static GrowthPlan of(Checkpoint checkpoint, GrowthOperator operator, long seed) {
    return GrownModules.in(operator.apply(unchanged(checkpoint, seed)), checkpoint);
  }

  /**
   * The same growth with names of modules that follow it.
   *
   * @param grownConfig the config with such names
   * @param grownBeside side files with such names
   */
  GrowthPlan with(ObjectNode grownConfig, Beside grownBeside) {
    Anatomy seen =
        grownConfig.equals(config)
            ? anatomy
            : anatomy(
                family, grownConfig, tensors.values().stream().map(PlannedTensor::slot).toList());
    return new GrowthPlan(
        family,
        seed,
        grownConfig.deepCopy(),
        seen,
        tensors.values(),
        effect,
        ancestry,
        grownBeside);
  }

  /**
   * The plan after an operator that adds no layer and no expert.
   *
   * @param grownConfig the new config
   * @param grownTensors all output tensors; names must be distinct
   * @param added what the operator does to the function
   */
  public GrowthPlan with(
      ObjectNode grownConfig, Collection<PlannedTensor> grownTensors, Effect added) {
    return with(grownConfig, grownTensors, added, ancestry);
  }

  /**
   * The plan after an operator.
   *
   * @param grownConfig the new config
   * @param grownTensors all output tensors; names must be distinct
   * @param added what the operator does to the function
   * @param grownAncestry where layers and experts come from now
   */
  public GrowthPlan with(
      ObjectNode grownConfig,
      Collection<PlannedTensor> grownTensors,
      Effect added,
      Ancestry grownAncestry) {
    List<TensorSlot> slots = grownTensors.stream().map(PlannedTensor::slot).toList();
    ObjectNode whole = grownConfig.deepCopy();
    RepeatedKeys.follow(config, whole, family.traits());
    return new GrowthPlan(
        family,
        seed,
        whole,
        anatomy(family, whole, slots),
        grownTensors,
        effect.then(added),
        grownAncestry,
        beside);
  }

  /** The family of source and output. */
  public Family family() {
    return family;
  }

  /** Seed of all noise. */
  public long seed() {
    return seed;
  }

  /** The output's config; a copy. */
  public ObjectNode config() {
    return config.deepCopy();
  }

  /** The output as growth sees it. */
  public Anatomy anatomy() {
    return anatomy;
  }

  /** The kept part of the model's function. */
  public Invariant invariant() {
    return effect.invariant();
  }

  /** Choices of the operators, one sentence each. */
  public ImmutableList<String> notes() {
    return ImmutableList.<String>builder().addAll(effect.notes()).addAll(beside.notes()).build();
  }

  /** Side files that grow, by name; all others are copied byte for byte. */
  public ImmutableSortedMap<String, ObjectNode> sideFiles() {
    return beside.sideFiles();
  }

  /** Uncertain entries of config and side files, a sentence each. */
  public ImmutableList<String> warnings() {
    return beside.warnings();
  }

  /** Where layers and experts come from. */
  public Ancestry ancestry() {
    return ancestry;
  }

  /** Output tensors by name. */
  public ImmutableSortedMap<String, PlannedTensor> tensors() {
    return tensors;
  }

  /**
   * The output tensor of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public PlannedTensor tensor(String name) {
    PlannedTensor tensor = tensors.get(name);
    checkArgument(tensor != null, "tensor must be one of the plan's, got '%s'", name);
    return tensor;
  }

  /** Bytes of all output tensors. */
  public long byteSize() {
    return tensors.values().stream().mapToLong(tensor -> tensor.slot().byteSize()).sum();
  }

  /** Elements of all output tensors. */
  public long elementCount() {
    return tensors.values().stream().mapToLong(tensor -> tensor.slot().elementCount()).sum();
  }

  /** Output tensors in the order of the model: what has no layer first, then layer by layer. */
  public Stream<PlannedTensor> inModelOrder() {
    return tensors.values().stream()
        .sorted(Comparator.comparingInt(GrowthPlan::rank).thenComparing(PlannedTensor::name));
  }

  private static int rank(PlannedTensor tensor) {
    return switch (tensor.site().region()) {
      case MODEL -> -1;
      case LAYER -> tensor.site().layer();
      case MTP -> Integer.MAX_VALUE;
    };
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof GrowthPlan plan
        && family.name().equals(plan.family.name())
        && seed == plan.seed
        && config.equals(plan.config)
        && ancestry.equals(plan.ancestry)
        && beside.sideFiles().equals(plan.beside.sideFiles())
        && tensors.equals(plan.tensors);
  }

  @Override
  public int hashCode() {
    return Objects.hash(family.name(), seed, config, tensors);
  }

  @Override
  public String toString() {
    return "GrowthPlan[" + family.name() + ", " + tensors.size() + " tensors, seed " + seed + "]";
  }
}

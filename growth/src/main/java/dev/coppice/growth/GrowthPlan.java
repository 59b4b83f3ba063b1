package dev.coppice.growth;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableSortedMap;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ExitCode;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.checkpoint.StoredTensor;
import dev.coppice.moe.family.Family;
import dev.coppice.moe.family.TensorAddress;
import dev.coppice.moe.spec.MoeSpec;
import java.util.Collection;
import java.util.Comparator;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Everything that a growth will write: the new config, and for every output tensor how its bytes
 * are made. Immutable plain data; nothing is read or written to make it.
 */
public final class GrowthPlan {
  private final Family family;
  private final long seed;
  private final ObjectNode config;
  private final ImmutableSortedMap<String, PlannedTensor> tensors;

  private GrowthPlan(
      Family family,
      long seed,
      ObjectNode config,
      ImmutableSortedMap<String, PlannedTensor> tensors) {
    this.family = family;
    this.seed = seed;
    this.config = config;
    this.tensors = tensors;
  }

  /**
   * The plan that copies a checkpoint as it is.
   *
   * @param checkpoint the source
   * @param seed seed of all noise that operators add
   * @throws CoppiceException INPUT_INVALID if a tensor is none of the family's
   */
  public static GrowthPlan unchanged(Checkpoint checkpoint, long seed) {
    Family family = checkpoint.family();
    Stream<PlannedTensor> tensors =
        checkpoint.tensors().values().stream().map(tensor -> copyOf(checkpoint, tensor));
    return new GrowthPlan(family, seed, checkpoint.config(), byName(tensors));
  }

  /**
   * The plan of a growth.
   *
   * @param checkpoint the source
   * @param operator how it grows
   * @param seed seed of all noise
   * @throws CoppiceException if the model cannot grow so, or no config can say it
   */
  public static GrowthPlan of(Checkpoint checkpoint, GrowthOperator operator, long seed) {
    return operator.apply(unchanged(checkpoint, seed));
  }

  /**
   * The plan after an operator.
   *
   * @param grownConfig the new config
   * @param grownTensors all output tensors; names must be distinct
   */
  public GrowthPlan with(ObjectNode grownConfig, Collection<PlannedTensor> grownTensors) {
    return new GrowthPlan(family, seed, grownConfig.deepCopy(), byName(grownTensors.stream()));
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

  /** Shape of the output. */
  public MoeSpec spec() {
    return family.spec(config);
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
        .sorted(
            Comparator.<PlannedTensor>comparingInt(tensor -> tensor.address().layer().orElse(-1))
                .thenComparing(PlannedTensor::name));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof GrowthPlan plan
        && family.name().equals(plan.family.name())
        && seed == plan.seed
        && config.equals(plan.config)
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

  private static PlannedTensor copyOf(Checkpoint checkpoint, StoredTensor tensor) {
    TensorAddress address =
        checkpoint
            .family()
            .address(tensor.name())
            .orElseThrow(
                () ->
                    new CoppiceException(
                        ExitCode.INPUT_INVALID,
                        String.format(
                            "tensor must be one of family %s, got %s (%s)",
                            checkpoint.family().name(), tensor.name(), tensor.file())));
    return new PlannedTensor(tensor.slot(), address, new TensorRecipe.Copy(tensor.name()));
  }

  private static ImmutableSortedMap<String, PlannedTensor> byName(Stream<PlannedTensor> tensors) {
    ImmutableSortedMap.Builder<String, PlannedTensor> builder = ImmutableSortedMap.naturalOrder();
    tensors.forEach(tensor -> builder.put(tensor.name(), tensor));
    ImmutableSortedMap<String, PlannedTensor> byName = builder.buildOrThrow();
    checkArgument(!byName.isEmpty(), "a plan must have a tensor, got none");
    return byName;
  }
}

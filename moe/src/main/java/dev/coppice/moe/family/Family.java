package dev.coppice.moe.family;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.guava.GuavaModule;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import dev.coppice.moe.spec.MoeSpec;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A family of models: what its configuration keys and tensors are called, and what the kernels can
 * run of it.
 *
 * <p>Families are JSON resources beside this class; adding one whose mathematics is known takes no
 * code.
 */
public final class Family {
  private static final ObjectMapper JSON = new ObjectMapper().registerModule(new GuavaModule());

  private static final ImmutableList<FamilyDescription> KNOWN =
      read("families.json", new TypeReference<List<String>>() {}).stream()
          .map(name -> read(name + ".json", new TypeReference<FamilyDescription>() {}))
          .collect(ImmutableList.toImmutableList());

  private final FamilyDescription description;
  private final ConfigKeys keys;
  private final TensorNames names;

  private Family(FamilyDescription description) {
    this.description = description;
    this.keys = description.keys();
    this.names = new TensorNames(description.tensors());
  }

  /**
   * The family of a configuration, by its {@code model_type}.
   *
   * @throws CheckpointFormatException if there is no such key, or no such family
   */
  public static Family of(ObjectNode config) {
    JsonNode type = config.path("model_type");
    if (!type.isTextual()) {
      throw ConfigReader.bad("model_type must name a family, got " + type);
    }
    return named(type.textValue());
  }

  /**
   * The family that a {@code model_type} names.
   *
   * @throws CheckpointFormatException if there is none
   */
  public static Family named(String modelType) {
    for (FamilyDescription description : KNOWN) {
      if (description.modelTypes().contains(modelType)) {
        return new Family(description);
      }
    }
    List<String> known = KNOWN.stream().map(FamilyDescription::name).toList();
    throw new CheckpointFormatException(
        Reason.UNKNOWN_FAMILY,
        Path.of("config.json"),
        "model_type must be one of " + known + ", got '" + modelType + "'");
  }

  private static <T> T read(String resource, TypeReference<T> type) {
    try (InputStream in = Family.class.getResourceAsStream(resource)) {
      checkArgument(in != null, "family resource must exist, got none for %s", resource);
      return JSON.readValue(in, type);
    } catch (IOException e) {
      throw new UncheckedIOException("family resource must be readable: " + resource, e);
    }
  }

  /** Name of the family, such as {@code qwen3_moe}. */
  public String name() {
    return description.name();
  }

  /** The class that {@code transformers} loads, such as {@code Qwen3MoeForCausalLM}. */
  public String architecture() {
    return description.architecture();
  }

  /** Names of the configuration's keys. */
  public ConfigKeys keys() {
    return keys;
  }

  /** Whether the family has tensors of that role. */
  public boolean has(TensorRole role) {
    return names.has(role);
  }

  /** Where a tensor of that name stands; empty if the family has no such name. */
  public Optional<TensorAddress> address(String tensorName) {
    return names.address(tensorName);
  }

  /**
   * What a tensor is called.
   *
   * @throws IllegalArgumentException if the family has no such role
   */
  public String name(TensorAddress address) {
    return names.name(address);
  }

  /**
   * The shape that a configuration describes.
   *
   * @throws CheckpointFormatException if a key is missing, malformed or at odds with its alias
   */
  public MoeSpec spec(ObjectNode config) {
    return new SpecReader(description, keys, config).read();
  }

  /**
   * A new configuration of that shape, as the Hub writes them, in float32.
   *
   * @throws IllegalArgumentException if the family cannot express the shape
   */
  public ObjectNode configFor(MoeSpec spec) {
    return new FreshConfig(description, keys).write(spec);
  }

  /**
   * Every tensor that a model of that shape has, with its extents. A tied head is not among them.
   *
   * @return name to shape, in the order of the layers
   */
  public ImmutableMap<String, ImmutableList<Long>> expectedTensors(MoeSpec spec) {
    return new ExpectedTensors(this, spec).all();
  }

  /** Why the kernels cannot run that configuration, if they cannot. */
  public Optional<String> refusalToRun(ObjectNode config) {
    for (FamilyDescription.Requirement requirement : description.runsOnlyWith()) {
      JsonNode value = config.at("/" + requirement.key().replace('.', '/'));
      boolean runs =
          value.isMissingNode() || requirement.values().stream().anyMatch(v -> sameValue(v, value));
      if (!runs) {
        return Optional.of(
            String.format(
                Locale.ROOT,
                "%s runs only with %s in %s, got %s (config.json)",
                name(),
                requirement.key(),
                requirement.values(),
                value));
      }
    }
    return Optional.empty();
  }

  private static boolean sameValue(JsonNode a, JsonNode b) {
    return (a.isNumber() && b.isNumber()) ? a.doubleValue() == b.doubleValue() : a.equals(b);
  }
}

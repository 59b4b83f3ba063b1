package dev.coppice.moe.family;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.collect.ImmutableList.toImmutableList;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.guava.GuavaModule;
import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSortedSet;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.anatomy.FamilyTraits;
import dev.coppice.moe.anatomy.Part;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.safetensors.CheckpointFormatException.Reason;
import dev.coppice.moe.safetensors.JsonFault;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The families of a program: those that Coppice brings, and those of the user's files. */
public final class Families {
  private static final ObjectMapper JSON = mapper();

  /** The lists that a family file must have, in words. */
  private static final ImmutableMap<String, String> NEEDED =
      ImmutableMap.of(
          "layers", "the names of the layer count",
          "hidden", "the names of the model width",
          "experts", "the names of the expert count",
          "topK", "the names of the experts chosen for a token",
          "containers", "the prefixes of layer tensors",
          "parts", "the tensors of routers and experts",
          "embedding", "the names of the input embedding");

  /** All that Coppice brings, read when a name is asked for that is no file's. */
  private static final Supplier<ImmutableList<FamilyDescription>> ALL =
      Suppliers.memoize(
          () -> names().stream().map(Families::description).collect(toImmutableList()));

  private final ImmutableList<Family> own;

  private Families(ImmutableList<Family> own) {
    this.own = own;
  }

  /** The families that Coppice brings. */
  public static Families builtIn() {
    return new Families(ImmutableList.of());
  }

  /**
   * These families and one more, which has priority.
   *
   * @param file a description in the form of the resources beside this class
   * @throws CoppiceException INPUT_INVALID if the file is not such a description
   */
  public Families with(Path file) throws IOException {
    try {
      FamilyDescription description =
          JSON.readValue(Files.readString(file), FamilyDescription.class);
      checkGrowth(description.growth(), file);
      return new Families(
          ImmutableList.<Family>builder().add(new Family(description)).addAll(own).build());
    } catch (JsonProcessingException e) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          "family file must be a description, got " + JsonFault.of(e) + " (" + file + ")",
          e);
    }
  }

  /** Without any of these growth would blame the checkpoint. */
  private static void checkGrowth(@Nullable FamilyTraits growth, Path file) {
    if (growth == null) {
      throw incomplete("growth", "the traits for growth", file);
    }
    ImmutableMap<String, ImmutableList<?>> needed =
        ImmutableMap.of(
            "layers", growth.layers(),
            "hidden", growth.hidden(),
            "experts", growth.experts(),
            "topK", growth.topK(),
            "containers", growth.containers(),
            "parts", growth.parts(),
            "embedding", growth.embedding());
    needed.forEach(
        (key, names) -> {
          if (names.isEmpty()) {
            throw incomplete("growth." + key, NEEDED.getOrDefault(key, ""), file);
          }
        });
    if (growth.router() == null) {
      throw incomplete("growth.router", "the rule that chooses experts", file);
    }
    boolean routed = growth.parts().stream().anyMatch(rule -> rule.part() == Part.ROUTER);
    if (!routed) {
      throw incomplete("growth.parts", "the tensor of the router", file);
    }
  }

  private static CoppiceException incomplete(String key, String what, Path file) {
    return new CoppiceException(
        ErrorKind.INPUT_INVALID,
        "family file must give " + what + " under " + key + ", got none (" + file + ")");
  }

  /**
   * The family of a configuration, by its {@code model_type}, or by that of the language model
   * nested in it.
   *
   * @throws CheckpointFormatException if there is no such key, or no such family
   */
  public Family of(ObjectNode config) {
    JsonNode type = config.path("model_type");
    if (!type.isTextual()) {
      throw ConfigReader.bad("model_type must name a family, got " + type);
    }
    Optional<Family> family = find(type.textValue());
    for (String nested : List.of("text_config", "llm_config", "language_config")) {
      if (family.isEmpty()) {
        family = find(config.path(nested).path("model_type").asText());
      }
    }
    return family.orElseThrow(() -> unknown(type.textValue()));
  }

  /**
   * The family that a {@code model_type} names.
   *
   * @throws CheckpointFormatException if there is none
   */
  public Family named(String modelType) {
    return find(modelType).orElseThrow(() -> unknown(modelType));
  }

  /** Every {@code model_type} that is known. */
  public ImmutableSortedSet<String> modelTypes() {
    ImmutableSortedSet.Builder<String> types = ImmutableSortedSet.naturalOrder();
    own.forEach(family -> types.addAll(family.modelTypes()));
    ALL.get().forEach(description -> types.addAll(description.modelTypes()));
    return types.build();
  }

  private Optional<Family> find(String modelType) {
    for (Family family : own) {
      if (family.modelTypes().contains(modelType)) {
        return Optional.of(family);
      }
    }
    List<String> names = names();
    // most families bear the name of their type: one file is read, not all
    if (names.contains(modelType)) {
      FamilyDescription description = description(modelType);
      if (description.modelTypes().contains(modelType)) {
        return Optional.of(new Family(description));
      }
    }
    return ALL.get().stream()
        .filter(description -> description.modelTypes().contains(modelType))
        .findFirst()
        .map(Family::new);
  }

  private CheckpointFormatException unknown(String modelType) {
    return new CheckpointFormatException(
        Reason.UNKNOWN_FAMILY,
        Path.of("config.json"),
        "model_type must be one of "
            + modelTypes()
            + " or of a family file, got '"
            + modelType
            + "'");
  }

  private static List<String> names() {
    return read("families.json", new TypeReference<List<String>>() {});
  }

  private static FamilyDescription description(String name) {
    return read(name + ".json", new TypeReference<FamilyDescription>() {});
  }

  private static <T> T read(String resource, TypeReference<T> type) {
    try (InputStream in = Families.class.getResourceAsStream(resource)) {
      checkArgument(in != null, "family resource must exist, got none for %s", resource);
      return JSON.readValue(in, type);
    } catch (IOException e) {
      throw new UncheckedIOException("family resource must be readable: " + resource, e);
    }
  }

  private static ObjectMapper mapper() {
    ObjectMapper mapper =
        JsonMapper.builder()
            .addModule(new GuavaModule())
            .enable(DeserializationFeature.ACCEPT_SINGLE_VALUE_AS_ARRAY)
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .build();
    for (Class<?> type : List.of(ImmutableList.class, ImmutableMap.class, String.class)) {
      mapper.configOverride(type).setSetterInfo(JsonSetter.Value.forValueNulls(Nulls.AS_EMPTY));
    }
    return mapper;
  }
}

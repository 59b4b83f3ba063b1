package dev.coppice.moe.family;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.anatomy.ConfigView;
import dev.coppice.moe.anatomy.FamilyTraits;
import dev.coppice.moe.anatomy.Form;
import dev.coppice.moe.anatomy.MtpLayers;
import dev.coppice.moe.safetensors.CheckpointFormatException;
import dev.coppice.moe.spec.MoeSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A family of models: what its configuration keys and tensors are called, and what the kernels can
 * run of it.
 *
 * <p>Families are JSON resources beside this class. Every family grows; those whose file has a
 * {@code model} object run and train as well. Adding one whose mathematics is known takes no code.
 */
public final class Family {
  private final FamilyDescription description;
  private final TensorNames names;

  Family(FamilyDescription description) {
    this.description = description;
    ModelTraits model = description.model();
    this.names = new TensorNames(model == null ? Map.of() : model.tensors());
  }

  /**
   * The family of a configuration, among those that Coppice brings.
   *
   * @throws CheckpointFormatException if there is no such key, or no such family
   */
  public static Family of(ObjectNode config) {
    return Families.builtIn().of(config);
  }

  /**
   * The family that a {@code model_type} names, among those that Coppice brings.
   *
   * @throws CheckpointFormatException if there is none
   */
  public static Family named(String modelType) {
    return Families.builtIn().named(modelType);
  }

  /** Name of the family, such as {@code qwen3_moe}. */
  public String name() {
    return description.name();
  }

  /** Values of {@code model_type} that mean it. */
  ImmutableSet<String> modelTypes() {
    return ImmutableSet.copyOf(description.modelTypes());
  }

  /** Values of {@code model_type} that transformers supports without code from a repository. */
  public ImmutableSet<String> nativeTypes() {
    List<String> types = description.nativeTypes();
    return types == null ? ImmutableSet.of() : ImmutableSet.copyOf(types);
  }

  /** Its traits for growth. */
  public FamilyTraits traits() {
    return description.growth();
  }

  /** Whether the kernels run models of the family. */
  public boolean runs() {
    return description.model() != null;
  }

  /**
   * The class that {@code transformers} loads, such as {@code Qwen3MoeForCausalLM}.
   *
   * @throws CoppiceException if the family does not run
   */
  public String architecture() {
    return model().architecture();
  }

  private ModelTraits model() {
    ModelTraits model = description.model();
    if (model == null) {
      throw new CoppiceException(ErrorKind.INPUT_INVALID, doesNotRun());
    }
    return model;
  }

  private String doesNotRun() {
    return "family must be one that the kernels run, got "
        + name()
        + " (it can be inspected, grown and verified, but not run or trained)";
  }

  /** The key of a configuration that weighs the load-balancing loss; empty where none does. */
  public Optional<String> loadBalanceKey() {
    return Optional.of(model().loadBalance()).filter(key -> !key.isEmpty());
  }

  /** Whether the family has tensors of that role. */
  public boolean has(TensorRole role) {
    return names.has(role);
  }

  /** Where a tensor of that name stands; empty if the kernels know no such name. */
  public Optional<TensorAddress> address(String tensorName) {
    return names.address(tensorName);
  }

  /** Whether the family runs, so that it names all its tensors, and none is called that. */
  public boolean isStranger(String tensorName) {
    return runs() && address(tensorName).isEmpty();
  }

  /**
   * The name of a tensor.
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
   * @throws CoppiceException if the family does not run
   */
  public MoeSpec spec(ObjectNode config) {
    return new SpecReader(description, model(), config).read();
  }

  /**
   * A configuration of what the kernels run of a model: that of the model without the
   * next-token-prediction layers that they leave out.
   *
   * @param config is not changed
   */
  public ObjectNode configOfMainModel(ObjectNode config) {
    return MtpLayers.dropped(config, traits());
  }

  /**
   * A new configuration of that shape, as the Hub writes them, in float32.
   *
   * @throws IllegalArgumentException if the family cannot express the shape
   */
  public ObjectNode configFor(MoeSpec spec) {
    return new FreshConfig(description, model()).write(spec);
  }

  /**
   * Every tensor that a model of that shape has, with its extents. A tied head is not among them.
   *
   * @return name to shape, in the order of the layers
   */
  public ImmutableMap<String, ImmutableList<Long>> expectedTensors(MoeSpec spec) {
    return new ExpectedTensors(this, spec).all();
  }

  /**
   * How all experts of a layer lie in the tensor of that role: {@link Form#SINGLE} where each has
   * its own, or where the tensor is not the experts'.
   */
  public Form form(TensorRole role) {
    TensorRole shaped =
        switch (role) {
          case EXPERTS_GATE_UP_BIAS -> TensorRole.EXPERTS_GATE_UP;
          case EXPERTS_GATE_UP, EXPERTS_DOWN -> role;
          default -> TensorRole.EMBEDDING;
        };
    return shaped == TensorRole.EMBEDDING ? Form.SINGLE : formOf(names.template(shaped));
  }

  private Form formOf(String template) {
    for (String container : traits().containers()) {
      for (FamilyTraits.PartRule rule : traits().parts()) {
        if (template.equals(container + rule.name())) {
          return Form.named(rule.form());
        }
      }
    }
    throw new IllegalArgumentException(
        "tensor must be one of the growth object's parts, got '" + template + "' (" + name() + ")");
  }

  /** Why the kernels cannot run that configuration, if they cannot. */
  public Optional<String> refusalToRun(ObjectNode config) {
    if (!runs()) {
      return Optional.of(doesNotRun());
    }
    if (ConfigView.isNested(config, traits())) {
      return Optional.of(runsOnly("the language model at the top of its configuration"));
    }
    if (config.hasNonNull("quantization_config")) {
      return Optional.of(runsOnly("weights as plain floats, got a quantization_config"));
    }
    return model().runsOnlyWith().stream()
        .flatMap(requirement -> refusal(requirement, config).stream())
        .findFirst()
        .or(() -> new SpecReader(description, model(), config).refusal().map(this::runsOnly));
  }

  private Optional<String> refusal(ModelTraits.Requirement requirement, ObjectNode config) {
    JsonNode value = config.at("/" + requirement.key().replace('.', '/'));
    boolean runs =
        value.isMissingNode() || requirement.values().stream().anyMatch(v -> sameValue(v, value));
    return runs
        ? Optional.empty()
        : Optional.of(
            runsOnly(requirement.key() + " in " + requirement.values() + ", got " + value));
  }

  private String runsOnly(String what) {
    return name() + " runs only with " + what + " (config.json)";
  }

  private static boolean sameValue(JsonNode a, JsonNode b) {
    return (a.isNumber() && b.isNumber()) ? a.doubleValue() == b.doubleValue() : a.equals(b);
  }
}

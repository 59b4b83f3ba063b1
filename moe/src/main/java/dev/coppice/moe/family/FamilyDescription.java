package dev.coppice.moe.family;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.moe.anatomy.FamilyTraits;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A family's JSON resource, as it is written.
 *
 * @param name name of the family
 * @param modelTypes values of {@code model_type} that mean it
 * @param growth what growth has to know of it
 * @param model what the kernels have to know of it; null where they do not run it
 */
record FamilyDescription(
    @JsonProperty(required = true) String name,
    @JsonProperty(required = true) List<String> modelTypes,
    @JsonProperty(required = true) FamilyTraits growth,
    @Nullable Model model) {

  /**
   * What the kernels have to know of a family.
   *
   * @param architecture the class that {@code transformers} loads
   * @param headNorm whether queries and keys are normed a head at a time
   * @param keys configuration keys
   * @param defaults values of keys that a configuration leaves out
   * @param fresh what a new configuration holds beside its shape
   * @param runsOnlyWith values outside which the kernels do not run the model
   * @param tensors name of each role's tensor, with {@code {layer}} and {@code {expert}}
   */
  record Model(
      String architecture,
      boolean headNorm,
      ConfigKeys keys,
      ObjectNode defaults,
      ObjectNode fresh,
      List<Requirement> runsOnlyWith,
      Map<TensorRole, String> tensors) {}

  /**
   * A key and the values that the kernels can run; an absent key is always fine.
   *
   * @param key path of the key, dots between its parts
   * @param values what it may hold
   */
  record Requirement(String key, List<JsonNode> values) {}
}

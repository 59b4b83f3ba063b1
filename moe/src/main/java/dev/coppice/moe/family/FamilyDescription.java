package dev.coppice.moe.family;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;

/**
 * A family's JSON resource, as it is written.
 *
 * @param name name of the family
 * @param modelTypes values of {@code model_type} that mean it
 * @param architecture the class that {@code transformers} loads
 * @param headNorm whether queries and keys are normed a head at a time
 * @param keys configuration keys
 * @param defaults values of keys that a configuration leaves out
 * @param fresh what a new configuration holds beside its shape
 * @param runsOnlyWith values outside which the kernels do not run the model
 * @param tensors name of each role's tensor, with {@code {layer}} and {@code {expert}}
 */
record FamilyDescription(
    String name,
    List<String> modelTypes,
    String architecture,
    boolean headNorm,
    ConfigKeys keys,
    ObjectNode defaults,
    ObjectNode fresh,
    List<Requirement> runsOnlyWith,
    Map<TensorRole, String> tensors) {

  /**
   * A key and the values that the kernels can run; an absent key is always fine.
   *
   * @param key path of the key, dots between its parts
   * @param values what it may hold
   */
  record Requirement(String key, List<JsonNode> values) {}
}

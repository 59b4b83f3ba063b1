package dev.coppice.growth.lineage;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Streams;
import dev.coppice.moe.io.PlainJson;
import java.math.BigDecimal;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Holds a recipe against its published schema and fills in the schema's defaults, so that schema
 * and program cannot part.
 *
 * <p>It supports the parts of JSON Schema that the schema uses. Each fault has its place and the
 * allowed values.
 */
final class RecipeSchema {
  private static final String OPERATOR = "operator";

  private final JsonNode schema;

  private RecipeSchema(JsonNode schema) {
    this.schema = schema;
  }

  /**
   * A fault of a recipe.
   *
   * @param pointer JSON pointer of the value
   * @param message rule and value; empty where nothing is wrong
   */
  record Fault(String pointer, String message) {
    static final Fault NONE = new Fault("", "");

    boolean isFound() {
      return !message.isEmpty();
    }
  }

  /** The schema of that text. */
  static RecipeSchema of(String text) {
    try {
      return new RecipeSchema(PlainJson.mapper().readTree(text));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("recipe.schema.json must be JSON", e);
    }
  }

  /**
   * Checks a recipe, and puts defaults where a key is left out.
   *
   * @param recipe changed where it is sound
   * @return the first fault
   */
  Fault fill(JsonNode recipe) {
    return check(schema, recipe, "");
  }

  private Fault check(JsonNode rule, JsonNode value, String at) {
    if (rule.has("oneOf")) {
      return checkOperator(value, at);
    }
    if (rule.has("enum")) {
      return oneOf(rule.path("enum"), value, at);
    }
    return switch (rule.path("type").asText()) {
      case "object" ->
          value instanceof ObjectNode object
              ? checkObject(rule, object, at)
              : fault(at, "be a mapping of keys " + names(rule), value);
      case "array" -> value.isArray() ? checkArray(rule, value, at) : fault(at, "be a list", value);
      case "boolean" -> value.isBoolean() ? Fault.NONE : fault(at, "be true or false", value);
      case "integer" ->
          value.isIntegralNumber()
              ? checkRange(rule, value, at)
              : fault(at, "be a whole number", value);
      case "number" ->
          value.isNumber() ? checkRange(rule, value, at) : fault(at, "be a number", value);
      default -> Fault.NONE;
    };
  }

  private Fault checkOperator(JsonNode value, String at) {
    JsonNode known = schema.path("$defs");
    String allowed = "be one of " + ImmutableList.copyOf(known.fieldNames());
    if (!value.isObject()) {
      return fault(at, "be an operator with its parameters", value);
    }
    JsonNode name = value.path(OPERATOR);
    return known.has(name.asText())
        ? check(known.path(name.asText()), value, at)
        : fault(at + "/" + OPERATOR, allowed, name);
  }

  private Fault checkObject(JsonNode rule, ObjectNode object, String at) {
    JsonNode properties = rule.path("properties");
    for (String key : ImmutableList.copyOf(object.fieldNames())) {
      if (!properties.has(key)) {
        return new Fault(
            at + "/" + key,
            said(at) + " must have no key but " + names(rule) + ", got '" + key + "'");
      }
      Fault fault = check(properties.path(key), object.path(key), at + "/" + key);
      if (fault.isFound()) {
        return fault;
      }
    }
    for (JsonNode required : rule.path("required")) {
      if (!object.has(required.asText())) {
        return new Fault(at, said(at) + " must have key '" + required.asText() + "', got none");
      }
    }
    for (Map.Entry<String, JsonNode> property : properties.properties()) {
      if (!object.has(property.getKey()) && property.getValue().has("default")) {
        object.set(property.getKey(), property.getValue().get("default"));
      }
    }
    return Fault.NONE;
  }

  private Fault checkArray(JsonNode rule, JsonNode array, String at) {
    if (array.size() < rule.path("minItems").asInt(0)) {
      return fault(at, "have an entry", array);
    }
    if (rule.path("uniqueItems").asBoolean() && ImmutableSet.copyOf(array).size() < array.size()) {
      return fault(at, "name nothing twice", array);
    }
    for (int i = 0; i < array.size(); i++) {
      Fault fault = check(rule.path("items"), array.get(i), at + "/" + i);
      if (fault.isFound()) {
        return fault;
      }
    }
    return Fault.NONE;
  }

  private static Fault checkRange(JsonNode rule, JsonNode value, String at) {
    BigDecimal least = rule.path("minimum").decimalValue();
    BigDecimal most = rule.path("maximum").decimalValue();
    boolean finite = Double.isFinite(value.doubleValue());
    if (finite
        && value.decimalValue().compareTo(least) >= 0
        && value.decimalValue().compareTo(most) <= 0) {
      return Fault.NONE;
    }
    return fault(at, "lie in " + least + ".." + most, value);
  }

  private static Fault oneOf(JsonNode allowed, JsonNode value, String at) {
    return Streams.stream(allowed).anyMatch(value::equals)
        ? Fault.NONE
        : fault(
            at,
            "be one of "
                + Streams.stream(allowed).map(JsonNode::asText).collect(Collectors.joining(", ")),
            value);
  }

  private static ImmutableList<String> names(JsonNode rule) {
    return ImmutableList.copyOf(rule.path("properties").fieldNames());
  }

  private static Fault fault(String at, String rule, JsonNode value) {
    return new Fault(
        at, said(at) + " must " + rule + ", got " + (value.isMissingNode() ? "none" : value));
  }

  /** A pointer as people write it: {@code operators[0].factor}. */
  private static String said(String pointer) {
    String key = pointer.replaceAll("/([0-9]+)", "[$1]").replaceAll("^/", "").replace('/', '.');
    return key.isEmpty() ? "recipe" : "recipe key " + key;
  }
}

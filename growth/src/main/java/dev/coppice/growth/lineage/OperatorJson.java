package dev.coppice.growth.lineage;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.jsontype.NamedType;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.datatype.guava.GuavaModule;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.plan.OperatorCatalog;
import dev.coppice.growth.plan.OperatorSequence;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;

/** Operators as JSON and back: a list of objects, each with its name and all its parameters. */
public final class OperatorJson {
  private final ObjectMapper mapper;

  /** Knows every operator that a catalog on the class path names. */
  public OperatorJson() {
    mapper =
        new ObjectMapper()
            .registerModule(new GuavaModule())
            .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES);
    for (OperatorCatalog catalog : ServiceLoader.load(OperatorCatalog.class)) {
      catalog
          .operators()
          .forEach((name, type) -> mapper.registerSubtypes(new NamedType(type, name)));
    }
  }

  /** The operators of a growth. */
  public ArrayNode write(GrowthOperator growth) {
    ArrayNode array = mapper.createArrayNode();
    for (GrowthOperator operator : OperatorSequence.parts(growth)) {
      array.add(mapper.<JsonNode>valueToTree(operator));
    }
    return array;
  }

  /**
   * The growth that was written.
   *
   * @param array what {@link #write} gave
   * @throws CoppiceException INPUT_INVALID if an operator is unknown or malformed
   */
  public GrowthOperator read(JsonNode array) {
    List<GrowthOperator> operators = new ArrayList<>();
    try {
      for (JsonNode node : array) {
        operators.add(mapper.treeToValue(node, GrowthOperator.class));
      }
    } catch (JsonProcessingException e) {
      throw new CoppiceException(
          ErrorKind.INPUT_INVALID,
          "operators of a lineage must be known and whole, got " + array,
          e);
    }
    return new OperatorSequence(ImmutableList.copyOf(operators));
  }
}

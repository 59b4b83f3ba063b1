package dev.coppice.growth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.checkpoint.Checkpoint;
import dev.coppice.moe.folder.ModelCard;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Compares configurations by the code that they name, wherever the source lies.
 *
 * <p>A growth points at the source's repository where the folder is a snapshot of one and lacks the
 * code. The snapshot may since have been moved into a cache, or out of one: {@code file.Class} and
 * {@code repository--file.Class} then mean the same. Another repository does not.
 *
 * @param repositories that the source is, or was when it grew, a snapshot of
 */
record CodePlaces(ImmutableSet<String> repositories) {
  /** Key of a lineage's {@code source} for the repository that the growth pointed at. */
  static final String REPOSITORY = "repository";

  private static final ImmutableSet<String> KEYS = ImmutableSet.of("auto_map", "custom_pipelines");

  /** The repository that a growth of a source points at, where it lacks the code that it names. */
  static Optional<String> pointedAt(Checkpoint source) {
    return source.codeReferences().files().isEmpty()
        ? Optional.empty()
        : ModelCard.hubId(source.folder());
  }

  /** Places of a source in a lineage. */
  static CodePlaces of(Checkpoint source, ObjectNode lineage) {
    Optional<String> then =
        Optional.of(lineage.path("source").path(REPOSITORY))
            .filter(JsonNode::isTextual)
            .map(JsonNode::textValue);
    return new CodePlaces(
        Stream.of(then, ModelCard.hubId(source.folder()))
            .flatMap(Optional::stream)
            .collect(ImmutableSet.toImmutableSet()));
  }

  /** A configuration as it is with all of this code in the folder itself. */
  ObjectNode local(ObjectNode config) {
    ObjectNode copy = config.deepCopy();
    for (String key : KEYS) {
      for (JsonNode parent : ImmutableList.copyOf(copy.findParents(key))) {
        ((ObjectNode) parent).set(key, local(parent.path(key)));
      }
    }
    return copy;
  }

  private JsonNode local(JsonNode node) {
    if (node instanceof ObjectNode object) {
      ObjectNode copy = object.objectNode();
      for (Map.Entry<String, JsonNode> entry : object.properties()) {
        copy.set(entry.getKey(), local(entry.getValue()));
      }
      return copy;
    }
    if (node instanceof ArrayNode array) {
      ArrayNode copy = array.arrayNode();
      array.forEach(each -> copy.add(local(each)));
      return copy;
    }
    return node.isTextual() ? TextNode.valueOf(local(node.textValue())) : node;
  }

  private String local(String name) {
    return repositories.stream()
        .map(repository -> repository + "--")
        .filter(name::startsWith)
        .findFirst()
        .map(place -> name.substring(place.length()))
        .orElse(name);
  }
}

package dev.coppice.moe.folder;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.common.collect.ImmutableList;
import java.util.Map;

/** How a key that names code, such as {@code auto_map}, changes in a folder without the code. */
sealed interface CodeChange {
  /** Changes the file's object in place; a second time changes nothing. */
  void apply(ObjectNode tree);

  /** Objects at any depth that have the key. */
  private static ImmutableList<ObjectNode> parents(ObjectNode tree, String key) {
    return tree.findParents(key).stream()
        .map(ObjectNode.class::cast)
        .collect(ImmutableList.toImmutableList());
  }

  /** The change of the key: a verb phrase. */
  String verb();

  /**
   * The key goes.
   *
   * @param key that names code
   * @param known the type that transformers supports without the code
   */
  record LeftOut(String key, String known) implements CodeChange {
    @Override
    public void apply(ObjectNode tree) {
      parents(tree, key).forEach(parent -> parent.remove(key));
    }

    @Override
    public String verb() {
      return key + " is left out, and transformers reads " + known + " without it";
    }
  }

  /**
   * Every class of the key is looked for in a repository of the Hub.
   *
   * @param key that names code
   * @param repository such as {@code organisation/name}
   */
  record PointedAt(String key, String repository) implements CodeChange {
    @Override
    public void apply(ObjectNode tree) {
      parents(tree, key).forEach(parent -> parent.set(key, pointed(parent.path(key))));
    }

    /** Classes are the texts with a dot that name no repository yet; lists of types have none. */
    private JsonNode pointed(JsonNode node) {
      if (node.isObject()) {
        ObjectNode copy = ((ObjectNode) node).objectNode();
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
          copy.set(entry.getKey(), pointed(entry.getValue()));
        }
        return copy;
      }
      if (node.isArray()) {
        ArrayNode copy = ((ArrayNode) node).arrayNode();
        node.forEach(each -> copy.add(pointed(each)));
        return copy;
      }
      boolean local = node.isTextual() && RemoteCode.isLocalClass(node.asText());
      return local ? TextNode.valueOf(repository + "--" + node.asText()) : node;
    }

    @Override
    public String verb() {
      return key + " points at " + repository;
    }
  }
}

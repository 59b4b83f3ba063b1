package dev.coppice.growth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.coppice.growth.TensorRecipe.Concat;
import dev.coppice.growth.TensorRecipe.Copy;
import dev.coppice.growth.TensorRecipe.Noise;
import dev.coppice.growth.TensorRecipe.Normal;
import dev.coppice.growth.TensorRecipe.Slice;
import java.util.Locale;

/**
 * Recipes as the lineage shows them: a copy is the name of its source, anything else an object with
 * one key that names the recipe.
 */
final class RecipeJson {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private RecipeJson() {}

  /** A recipe as JSON. */
  static JsonNode of(TensorRecipe recipe) {
    if (recipe instanceof Copy copy) {
      return TextNode.valueOf(copy.source());
    }
    ObjectNode node = JSON.objectNode();
    if (recipe instanceof Slice slice) {
      node.set("slice", of(slice.input()));
      node.put("begin", slice.begin()).put("count", slice.count());
    } else if (recipe instanceof Concat concat) {
      ArrayNode parts = node.putArray("concat");
      concat.parts().forEach(part -> parts.add(of(part.recipe())));
    } else if (recipe instanceof Noise noise) {
      node.set("noise", of(noise.input()));
      if (!noise.scope().recipe().equals(noise.input())) {
        node.set("sigma_of", of(noise.scope().recipe()));
      }
      node.put("alpha", noise.alpha());
      node.set("key", key(noise.key()));
    } else if (recipe instanceof Normal normal) {
      node.put("normal", normal.std());
      node.set("key", key(normal.key()));
    } else {
      node.put("zero", true);
    }
    return node;
  }

  private static ObjectNode key(NoiseKey key) {
    return JSON.objectNode()
        .put("expert", key.expert())
        .put("projection", key.projection().name().toLowerCase(Locale.ROOT))
        .put("level", key.level());
  }
}

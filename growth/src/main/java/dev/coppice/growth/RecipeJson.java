package dev.coppice.growth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.coppice.growth.TensorRecipe.Concat;
import dev.coppice.growth.TensorRecipe.Copy;
import dev.coppice.growth.TensorRecipe.ExpertIds;
import dev.coppice.growth.TensorRecipe.Noise;
import dev.coppice.growth.TensorRecipe.Normal;
import dev.coppice.growth.TensorRecipe.Scale;
import dev.coppice.growth.TensorRecipe.Scope;
import dev.coppice.growth.TensorRecipe.Slice;
import dev.coppice.growth.TensorRecipe.Strand;
import java.util.List;
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
      noise(node, noise);
    } else if (recipe instanceof Normal normal) {
      node.put("normal", normal.std()).put("weave", weave(normal.weave()));
      keys(node, normal.keys());
    } else if (recipe instanceof Scale scale) {
      node.set("scale", of(scale.input()));
      node.put("factor", scale.factor());
    } else if (recipe instanceof ExpertIds ids) {
      node.set("expert_ids", of(ids.input()));
      node.put("columns", ids.columns()).put("factor", ids.factor()).put("experts", ids.experts());
      node.put("placement", ids.interleaved() ? "interleave" : "append");
    } else {
      node.put("zero", true);
    }
    return node;
  }

  private static void noise(ObjectNode node, Noise noise) {
    node.set("noise", of(noise.input()));
    node.put("alpha", noise.alpha()).put("weave", weave(noise.weave()));
    keys(node, noise.strands().stream().map(Strand::key).toList());
    for (int i = 0; i < noise.strands().size(); i++) {
      if (!isItself(noise, i)) {
        node.set("sigma_of", scopes(noise));
        return;
      }
    }
  }

  /** Whether σ of a matrix is that of the noised matrix itself. */
  private static boolean isItself(Noise noise, int strand) {
    return noise
        .strands()
        .get(strand)
        .scope()
        .equals(new Scope(noise.input(), noise.weave(), strand));
  }

  private static ArrayNode scopes(Noise noise) {
    ArrayNode scopes = JSON.arrayNode();
    for (Strand strand : noise.strands()) {
      Scope scope = strand.scope();
      ObjectNode node = scopes.addObject();
      node.set("of", of(scope.recipe()));
      node.put("weave", weave(scope.weave())).put("strand", scope.strand());
    }
    return scopes;
  }

  /** Strands, rows and columns as {@code 1x768x2048}, and the order where it is not plain. */
  private static String weave(Weave weave) {
    String extents = weave.strands() + "x" + weave.rows() + "x" + weave.columns();
    return weave.order() == Weave.Order.PLAIN
        ? extents
        : extents + " " + weave.order().name().toLowerCase(Locale.ROOT);
  }

  private static void keys(ObjectNode node, List<NoiseKey> keys) {
    ArrayNode array = node.putArray("keys");
    keys.forEach(key -> array.add(key(key)));
  }

  /** Projection, expert and level as {@code expert_gate/5/0}. */
  private static String key(NoiseKey key) {
    return key.projection().name().toLowerCase(Locale.ROOT)
        + "/"
        + key.expert()
        + "/"
        + key.level();
  }
}

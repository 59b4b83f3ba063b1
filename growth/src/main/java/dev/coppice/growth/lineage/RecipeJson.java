package dev.coppice.growth.lineage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.coppice.growth.plan.NoiseKey;
import dev.coppice.growth.plan.RecipeVisitor;
import dev.coppice.growth.plan.Scope;
import dev.coppice.growth.plan.SourceId;
import dev.coppice.growth.plan.Strand;
import dev.coppice.growth.plan.TensorRecipe;
import dev.coppice.growth.plan.TensorRecipe.Concat;
import dev.coppice.growth.plan.TensorRecipe.Copy;
import dev.coppice.growth.plan.TensorRecipe.ExpertIds;
import dev.coppice.growth.plan.TensorRecipe.Noise;
import dev.coppice.growth.plan.TensorRecipe.Normal;
import dev.coppice.growth.plan.TensorRecipe.Scale;
import dev.coppice.growth.plan.TensorRecipe.Slice;
import dev.coppice.growth.plan.TensorRecipe.Sum;
import dev.coppice.growth.plan.TensorRecipe.Term;
import dev.coppice.growth.plan.TensorRecipe.Zero;
import dev.coppice.growth.plan.Weave;
import java.util.List;
import java.util.Locale;

/**
 * Recipes as the lineage shows them: a copy is the name of its source, anything else an object with
 * one key that names the recipe.
 */
public final class RecipeJson implements RecipeVisitor<JsonNode> {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /** A recipe as JSON. */
  public static JsonNode of(TensorRecipe recipe) {
    return recipe.accept(new RecipeJson());
  }

  private RecipeJson() {}

  /**
   * A name alone is that of a tensor of the model; the state's names have prefixes of their own.
   */
  @Override
  public JsonNode copy(Copy copy) {
    String name = copy.tensor().name();
    return copy.tensor().source() == SourceId.TUNED
        ? JSON.objectNode().put("copy", name).put("source", SourceId.TUNED.key())
        : TextNode.valueOf(name);
  }

  @Override
  public JsonNode slice(Slice slice) {
    ObjectNode node = JSON.objectNode();
    node.set("slice", of(slice.input()));
    return node.put("begin", slice.begin()).put("count", slice.count());
  }

  @Override
  public JsonNode concat(Concat concat) {
    ObjectNode node = JSON.objectNode();
    ArrayNode parts = node.putArray("concat");
    concat.parts().forEach(part -> parts.add(of(part.recipe())));
    return node;
  }

  @Override
  public JsonNode noise(Noise noise) {
    ObjectNode node = JSON.objectNode();
    noise(node, noise);
    return node;
  }

  @Override
  public JsonNode normal(Normal normal) {
    ObjectNode node = JSON.objectNode();
    node.put("normal", normal.std()).put("weave", weave(normal.weave()));
    keys(node, normal.keys());
    return node;
  }

  @Override
  public JsonNode scale(Scale scale) {
    ObjectNode node = JSON.objectNode();
    node.set("scale", of(scale.input()));
    return node.put("factor", scale.factor());
  }

  @Override
  public JsonNode sum(Sum sum) {
    ObjectNode node = JSON.objectNode();
    ArrayNode terms = node.putArray("sum");
    for (Term term : sum.terms()) {
      ObjectNode one = terms.addObject();
      one.set("of", of(term.recipe()));
      one.put("dtype", term.dtype().name()).put("weight", term.weight());
    }
    return node;
  }

  @Override
  public JsonNode expertIds(ExpertIds ids) {
    ObjectNode node = JSON.objectNode();
    node.set("expert_ids", of(ids.input()));
    node.put("columns", ids.columns()).put("factor", ids.factor()).put("experts", ids.experts());
    return node.put("placement", ids.interleaved() ? "interleave" : "append");
  }

  @Override
  public JsonNode zero(Zero zero) {
    return JSON.objectNode().put("zero", true);
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

package dev.coppice.growth.lineage;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.plan.NoiseKey;
import dev.coppice.growth.plan.Scope;
import dev.coppice.growth.plan.Strand;
import dev.coppice.growth.plan.TensorRecipe;
import dev.coppice.growth.plan.TensorRecipe.Concat;
import dev.coppice.growth.plan.TensorRecipe.Copy;
import dev.coppice.growth.plan.TensorRecipe.ExpertIds;
import dev.coppice.growth.plan.TensorRecipe.Noise;
import dev.coppice.growth.plan.TensorRecipe.Normal;
import dev.coppice.growth.plan.TensorRecipe.Part;
import dev.coppice.growth.plan.TensorRecipe.Scale;
import dev.coppice.growth.plan.TensorRecipe.Slice;
import dev.coppice.growth.plan.TensorRecipe.Zero;
import dev.coppice.growth.plan.Weave;
import dev.coppice.moe.family.TensorRole;
import org.junit.jupiter.api.Test;

class RecipeJsonTest {
  private static final TensorRecipe A = new Copy("a");
  private static final NoiseKey GATE = new NoiseKey(5, TensorRole.EXPERT_GATE, 0);
  private static final NoiseKey UP = new NoiseKey(5, TensorRole.EXPERT_UP, 1);

  private static void assertJson(TensorRecipe recipe, String json) {
    assertThat(RecipeJson.of(recipe).toString()).isEqualTo(json.replace('\'', '"'));
  }

  @Test
  void everyRecipeHasItsForm() {
    assertJson(A, "'a'");
    assertJson(new Zero(), "{'zero':true}");
    assertJson(new Slice(A, 6, 3), "{'slice':'a','begin':6,'count':3}");
    assertJson(
        new Concat(ImmutableList.of(new Part(A, 2), new Part(new Zero(), 4))),
        "{'concat':['a',{'zero':true}]}");
    assertJson(new Scale(A, 0.5), "{'scale':'a','factor':0.5}");
    assertJson(
        new ExpertIds(A, 3, 2, 8, true),
        "{'expert_ids':'a','columns':3,'factor':2,'experts':8,'placement':'interleave'}");
    assertJson(
        new ExpertIds(A, 3, 2, 8, false),
        "{'expert_ids':'a','columns':3,'factor':2,'experts':8,'placement':'append'}");
    assertJson(
        new Normal(0.02, Weave.plain(4, 6), ImmutableList.of(GATE)),
        "{'normal':0.02,'weave':'1x4x6','keys':['expert_gate/5/0']}");
  }

  @Test
  void noiseSaysWeaveKeysAndForeignScopes() {
    Weave weave = new Weave(4, 6, 2, Weave.Order.TRANSPOSED_ALTERNATING);
    Strand gate = new Strand(new Scope(A, weave, 0), GATE);
    Strand up = new Strand(new Scope(A, weave, 1), UP);
    assertJson(
        new Noise(A, 0.01, weave, ImmutableList.of(gate, up)),
        "{'noise':'a','alpha':0.01,'weave':'2x4x6 transposed_alternating',"
            + "'keys':['expert_gate/5/0','expert_up/5/1']}");
    Weave row = Weave.plain(1, 6);
    assertJson(
        new Noise(new Slice(A, 6, 6), 0.01, row, ImmutableList.of(gate)),
        "{'noise':{'slice':'a','begin':6,'count':6},'alpha':0.01,'weave':'1x1x6',"
            + "'keys':['expert_gate/5/0'],"
            + "'sigma_of':[{'of':'a','weave':'2x4x6 transposed_alternating','strand':0}]}");
  }
}

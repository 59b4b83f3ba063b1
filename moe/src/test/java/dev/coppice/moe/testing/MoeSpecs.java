package dev.coppice.moe.testing;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.spec.AttentionSpec;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.RouterSpec;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Small shapes of both families. */
public final class MoeSpecs {
  private MoeSpecs() {}

  /**
   * Shapes with one to five layers, up to six experts, and dense layers where the family has them.
   */
  public static Arbitrary<MoeSpec> arbitrary() {
    return Arbitraries.of("qwen3_moe", "mixtral").flatMap(MoeSpecs::ofFamily);
  }

  /** Shapes of one family. */
  public static Arbitrary<MoeSpec> ofFamily(String family) {
    boolean qwen = family.equals("qwen3_moe");
    Arbitrary<List<Boolean>> dense =
        Arbitraries.of(false, false, false, true)
            .map(d -> d && qwen)
            .list()
            .ofMinSize(1)
            .ofMaxSize(5);
    return Combinators.combine(
            dense, moe(), attention(qwen), Arbitraries.of(4, 8, 12), Arbitraries.of(true, false))
        .as(
            (layers, moe, attention, hidden, flag) ->
                new MoeSpec(
                    family,
                    17,
                    hidden,
                    attention,
                    new RouterSpec(!qwen || flag),
                    layers.stream()
                        .map(d -> d ? new LayerSpec.Dense(10) : (LayerSpec) moe)
                        .collect(ImmutableList.toImmutableList()),
                    1e-6,
                    flag,
                    64));
  }

  private static Arbitrary<LayerSpec.Moe> moe() {
    return Arbitraries.integers()
        .between(1, 6)
        .flatMap(
            experts ->
                Combinators.combine(
                        Arbitraries.integers().between(1, experts), Arbitraries.of(3, 4, 8))
                    .as((topK, width) -> new LayerSpec.Moe(experts, topK, width)));
  }

  private static Arbitrary<AttentionSpec> attention(boolean headNorm) {
    return Combinators.combine(Arbitraries.of(1, 2), Arbitraries.of(1, 2), Arbitraries.of(2, 4, 6))
        .as(
            (keyValueHeads, group, headDim) ->
                GroupedAttention.plain(
                    keyValueHeads * group, keyValueHeads, headDim, headNorm, 10_000));
  }
}

package dev.coppice.moe.testing;

import com.google.common.collect.ImmutableList;
import dev.coppice.moe.spec.AttentionSpec;
import dev.coppice.moe.spec.GateSpec;
import dev.coppice.moe.spec.GroupedAttention;
import dev.coppice.moe.spec.GroupedAttention.HeadNorm;
import dev.coppice.moe.spec.LatentAttention;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.moe.spec.Multipliers;
import dev.coppice.moe.spec.RopeScaling;
import dev.coppice.moe.spec.RopeSpec;
import dev.coppice.moe.spec.RouterSpec;
import dev.coppice.moe.spec.RouterSpec.GroupScore;
import dev.coppice.moe.spec.RouterSpec.Scoring;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/**
 * Small shapes of every kind that the kernels know, in every mixture, whether or not a family has
 * it.
 *
 * <p>Among them: one expert, K = E, one group, as many groups as experts, dense layers alone, no
 * rotation of most of a head, windows of one token.
 */
public final class AnySpecs {
  private static final Arbitrary<Boolean> FLAG = Arbitraries.of(false, true);

  private AnySpecs() {}

  /** A router and the layers that it serves. */
  private record Routed(RouterSpec router, LayerSpec.Moe moe) {}

  /** What is constant over a model. */
  private record Trim(boolean tied, ImmutableList<Integer> windows, GateSpec gate, Multipliers by) {
    /** One window for each layer, or none at all. */
    ImmutableList<Integer> windows(int layers) {
      return windows.isEmpty() ? windows : windows.subList(0, layers);
    }
  }

  /** Shapes of one to three layers with a vocabulary of 17. */
  public static Arbitrary<MoeSpec> arbitrary() {
    Arbitrary<List<Integer>> kinds =
        Arbitraries.frequency(Tuple.of(3, 1), Tuple.of(1, 0)).list().ofMinSize(1).ofMaxSize(3);
    return Combinators.combine(kinds, routed(), attention(), Arbitraries.of(4, 8, 12), trim())
        .as(
            (layers, routed, attention, hidden, trim) ->
                new MoeSpec(
                    "qwen3_moe",
                    17,
                    hidden,
                    attention,
                    routed.router(),
                    layers.stream()
                        .map(k -> k == 0 ? new LayerSpec.Dense(6) : (LayerSpec) routed.moe())
                        .collect(ImmutableList.toImmutableList()),
                    1e-6,
                    trim.tied(),
                    64,
                    trim.windows(layers.size()),
                    trim.gate(),
                    trim.by()));
  }

  private static Arbitrary<Trim> trim() {
    Arbitrary<ImmutableList<Integer>> windows =
        Arbitraries.oneOf(
            Arbitraries.just(ImmutableList.of()),
            Arbitraries.of(0, 1, 2, 4).list().ofSize(3).map(ImmutableList::copyOf));
    Arbitrary<GateSpec> gate =
        Arbitraries.of(
            GateSpec.SWIGLU,
            new GateSpec(false, 1, 1, true),
            new GateSpec(true, 1.702, 0.7, true),
            new GateSpec(true, 1.1, 1.3, false));
    Arbitrary<Multipliers> multipliers =
        Arbitraries.of(Multipliers.NONE, new Multipliers(1.7, 0.6, 1.3));
    return Combinators.combine(FLAG, windows, gate, multipliers).as(Trim::new);
  }

  private static Arbitrary<Routed> routed() {
    return Combinators.combine(Arbitraries.of(1, 1, 2, 3), Arbitraries.integers().between(1, 3))
        .flatAs(
            (groups, inGroup) -> {
              int experts = groups == 1 ? 2 * inGroup - 1 : groups * inGroup;
              return Arbitraries.integers()
                  .between(1, groups)
                  .flatMap(top -> routed(experts, groups, top));
            });
  }

  private static Arbitrary<Routed> routed(int experts, int groups, int topGroups) {
    Arbitrary<Integer> topK = Arbitraries.integers().between(1, topGroups * (experts / groups));
    Arbitrary<LayerSpec.Moe> moe =
        Combinators.combine(topK, Arbitraries.of(2, 4, 5), Arbitraries.of(0, 0, 3), FLAG)
            .as((k, f, s, gated) -> new LayerSpec.Moe(experts, k, f, s, s > 0 && gated));
    return Combinators.combine(moe, router(groups, topGroups, experts / groups > 1))
        .as((layer, router) -> new Routed(router, layer));
  }

  private static Arbitrary<RouterSpec> router(int groups, int topGroups, boolean pairs) {
    Arbitrary<Scoring> scoring =
        groups == 1
            ? Arbitraries.of(Scoring.values())
            : Arbitraries.of(Scoring.SOFTMAX, Scoring.SIGMOID);
    Arbitrary<GroupScore> score =
        pairs ? Arbitraries.of(GroupScore.values()) : Arbitraries.just(GroupScore.MAX);
    return Combinators.combine(scoring, FLAG, FLAG, FLAG, score, Arbitraries.of(1.0, 2.5))
        .as(
            (kind, renormalize, bias, selection, group, factor) ->
                new RouterSpec(
                    kind,
                    renormalize,
                    bias,
                    selection && kind != Scoring.CHOSEN_SOFTMAX,
                    groups,
                    topGroups,
                    group,
                    factor));
  }

  private static Arbitrary<AttentionSpec> attention() {
    return Arbitraries.oneOf(grouped(), grouped(), latent());
  }

  private static Arbitrary<AttentionSpec> grouped() {
    Arbitrary<int[]> heads = Arbitraries.of(new int[][] {{1, 1}, {2, 1}, {2, 2}, {4, 2}});
    Arbitrary<Integer> width = Arbitraries.of(4, 6, 8);
    Arbitrary<boolean[]> biases =
        Combinators.combine(FLAG, FLAG, FLAG).as((a, b, c) -> new boolean[] {a, b, c});
    return Combinators.combine(
            heads, width, Arbitraries.of(HeadNorm.values()), biases, Arbitraries.of(0.3, 0.7))
        .flatAs(
            (h, n, norm, bias, scale) ->
                rope(n)
                    .map(
                        rope ->
                            new GroupedAttention(
                                h[0], h[1], n, norm, bias[0], bias[1], bias[2], scale, rope)));
  }

  private static Arbitrary<AttentionSpec> latent() {
    return Combinators.combine(
            Arbitraries.of(1, 2, 3),
            Arbitraries.of(0, 5),
            Arbitraries.of(3, 6),
            Arbitraries.of(2, 6),
            Arbitraries.of(3, 6),
            FLAG,
            Arbitraries.of(4, 6).flatMap(AnySpecs::wholeRope))
        .as(
            (heads, queryRank, rank, plain, value, bias, rope) ->
                new LatentAttention(
                    heads, queryRank, rank, plain, rope.width(), value, bias, 0.4, rope));
  }

  /** Turns some of a head, at least four elements. */
  private static Arbitrary<RopeSpec> rope(int headDim) {
    return Arbitraries.integers().between(2, headDim / 2).flatMap(pairs -> wholeRope(2 * pairs));
  }

  private static Arbitrary<RopeSpec> wholeRope(int width) {
    return Combinators.combine(FLAG, scaling())
        .as((interleaved, scaling) -> new RopeSpec(width, 100, interleaved, scaling));
  }

  private static Arbitrary<RopeScaling> scaling() {
    return Arbitraries.of(
        new RopeScaling.None(),
        new RopeScaling.Linear(3),
        new RopeScaling.Dynamic(2, 4),
        new RopeScaling.Yarn(4, 4, 0.5, 16, 1.2, true),
        new RopeScaling.Yarn(4, 4, 0.5, 16, 0.9, false),
        new RopeScaling.Llama3(8, 1, 4, 32));
  }
}

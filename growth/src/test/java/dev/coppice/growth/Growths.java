package dev.coppice.growth;

import com.google.common.collect.ImmutableSet;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.depth.Stack;
import dev.coppice.growth.plan.DepthOperator;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.growth.width.DuplicateExperts.ExpertStart;
import dev.coppice.growth.width.DuplicateExperts.Placement;
import dev.coppice.growth.width.DuplicateExperts.RouterStart;
import dev.coppice.growth.width.DuplicateExperts.TopK;
import dev.coppice.growth.width.NoisedPart;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Random growths, and what the tests expect of them, worked out without the code under test. */
public final class Growths {
  private Growths() {}

  /**
   * Parameters of a depth growth; ends are shares of the depth, since that is not known yet.
   *
   * @param stack whether to stack
   * @param factor times each layer is placed
   * @param first layers kept at the start, cut down to fit
   * @param last layers kept at the end, cut down to fit
   * @param identity whether copies are zeroed
   */
  public record Deeper(boolean stack, int factor, int first, int last, boolean identity) {
    public DepthOperator of(int layers) {
      int f = first(layers);
      int l = last(layers);
      return stack ? new Stack(factor, f, l, identity) : new Interpose(factor, f, l, identity);
    }

    private int first(int layers) {
      return Math.min(first, layers - 1);
    }

    private int last(int layers) {
      return Math.min(last, layers - 1 - first(layers));
    }

    /** Source layer of each output layer, from the definition in words. */
    public List<Integer> sources(int layers) {
      List<Integer> sources = new ArrayList<>();
      int f = first(layers);
      int l = last(layers);
      if (stack) {
        for (int pass = 0; pass < factor; pass++) {
          for (int layer = pass == 0 ? 0 : f; layer < (pass == 0 ? layers - l : layers); layer++) {
            sources.add(layer);
          }
        }
        return sources;
      }
      for (int layer = 0; layer < layers; layer++) {
        int times = layer < f || layer >= layers - l ? 1 : factor;
        sources.addAll(Collections.nCopies(times, layer));
      }
      return sources;
    }
  }

  public static Arbitrary<Deeper> deeper() {
    return Combinators.combine(
            Arbitraries.of(true, false),
            Arbitraries.of(2, 3),
            Arbitraries.integers().between(0, 2),
            Arbitraries.integers().between(0, 2),
            Arbitraries.of(true, false))
        .as(Deeper::new);
  }

  /** α of the router's rows. */
  static double routerNoise(DuplicateExperts wider) {
    return wider.noiseOn().contains(NoisedPart.ROUTER) ? wider.noise() : 0;
  }

  public static Arbitrary<DuplicateExperts> wider() {
    ImmutableSet<NoisedPart> experts =
        ImmutableSet.of(NoisedPart.GATE, NoisedPart.UP, NoisedPart.DOWN);
    return Combinators.combine(
            Arbitraries.of(2, 3),
            Arbitraries.of(0.0, 0.01, 0.1),
            Arbitraries.of(NoisedPart.MATRICES, experts),
            Arbitraries.of(TopK.values()),
            Arbitraries.of(Placement.values()),
            Arbitraries.of(RouterStart.values()))
        .as(
            (factor, noise, parts, topK, placement, router) ->
                new DuplicateExperts(
                    factor, noise, parts, topK, placement, router, ExpertStart.COPY));
  }
}

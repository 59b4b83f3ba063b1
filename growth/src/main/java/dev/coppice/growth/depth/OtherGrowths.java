package dev.coppice.growth.depth;

import com.google.common.base.Joiner;
import com.google.common.collect.ImmutableList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Growths about as deep as one that no configuration can describe, in the order of preference:
 * interposition, stacking, and whole blocks of layers that are each followed by their copies.
 */
final class OtherGrowths {
  /** As many entries of a layer map as a sentence shows. */
  private static final int SHOWN = 16;

  /** As many leading layers as are tried to be kept, and no more than half of all. */
  private static final int KEPT = 8;

  private final int layers;
  private final int factor;
  private final Predicate<LayerMap> possible;

  private OtherGrowths(LayerMap refused, Predicate<LayerMap> possible) {
    this.layers = refused.sourceLayers();
    this.factor = Math.max(2, (refused.size() + layers - 1) / layers);
    this.possible = possible;
  }

  /**
   * Options of the nearest growths that are possible; empty where none is found.
   *
   * @param refused the map that cannot be
   * @param possible whether another one can
   */
  static Optional<String> of(LayerMap refused, Predicate<LayerMap> possible) {
    OtherGrowths others = new OtherGrowths(refused, possible);
    ImmutableList.Builder<String> ways = ImmutableList.builder();
    others.interposed().ifPresent(ways::add);
    others.stacked().ifPresent(ways::add);
    others.blocks().ifPresent(ways::add);
    List<String> found = ways.build();
    return found.isEmpty() ? Optional.empty() : Optional.of(Joiner.on(" or ").join(found));
  }

  private Optional<String> interposed() {
    return first(kept -> LayerMap.interpose(layers, factor, kept, 0))
        .map(kept -> option("interpose", kept));
  }

  private Optional<String> stacked() {
    return first(kept -> LayerMap.stack(layers, factor, kept, 0))
        .map(kept -> option("stack", kept));
  }

  private Optional<Integer> first(IntFunction<LayerMap> map) {
    return IntStream.rangeClosed(0, Math.min(layers / 2, KEPT))
        .filter(kept -> possible.test(map.apply(kept)))
        .boxed()
        .findFirst();
  }

  private String option(String method, int kept) {
    return "--depth "
        + factor
        + " --depth-method "
        + method
        + (kept == 0 ? "" : " --keep-first " + kept);
  }

  private Optional<String> blocks() {
    return IntStream.rangeClosed(2, layers / 2)
        .mapToObj(this::blocksOf)
        .filter(possible)
        .findFirst()
        .map(map -> "--layers " + shown(map.sources()));
  }

  private LayerMap blocksOf(int size) {
    ImmutableList.Builder<Integer> sources = ImmutableList.builder();
    for (int start = 0; start < layers; start += size) {
      for (int copy = 0; copy < factor; copy++) {
        IntStream.range(start, Math.min(start + size, layers)).forEach(sources::add);
      }
    }
    return new LayerMap(layers, sources.build());
  }

  private static String shown(List<Integer> sources) {
    String start =
        sources.stream().limit(SHOWN).map(String::valueOf).collect(Collectors.joining(","));
    return start + (sources.size() > SHOWN ? ",..." : "");
  }
}

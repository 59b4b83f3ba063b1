package dev.coppice.growth.depth;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableListMultimap;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** Which source layer each output layer is a copy of. */
final class LayerMap {
  private final int sourceLayers;
  private final ImmutableList<Integer> sources;
  private final ImmutableListMultimap<Integer, Integer> places;

  /**
   * A map.
   *
   * @param sourceLayers how many layers the source has
   * @param sources source layer of each output layer, in output order; each source layer has a
   *     place
   */
  LayerMap(int sourceLayers, List<Integer> sources) {
    this.sourceLayers = sourceLayers;
    this.sources = ImmutableList.copyOf(sources);
    ImmutableListMultimap.Builder<Integer, Integer> found = ImmutableListMultimap.builder();
    for (int layer = 0; layer < this.sources.size(); layer++) {
      int source = this.sources.get(layer);
      checkArgument(
          source >= 0 && source < sourceLayers,
          "source layer must lie in 0..%s, got %s",
          sourceLayers - 1,
          source);
      found.put(source, layer);
    }
    this.places = found.build();
    for (int layer = 0; layer < sourceLayers; layer++) {
      checkArgument(places.containsKey(layer), "layer %s must have a place, got none", layer);
    }
  }

  /** Each layer between the kept ends is placed {@code factor} times in a row. */
  static LayerMap interpose(int layers, int factor, int keepFirst, int keepLast) {
    checkEnds("interpose", layers, keepFirst, keepLast);
    List<Integer> sources = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      boolean kept = layer < keepFirst || layer >= layers - keepLast;
      sources.addAll(Collections.nCopies(kept ? 1 : factor, layer));
    }
    return new LayerMap(layers, sources);
  }

  /** The first pass leaves out the last layers, every later pass the first ones. */
  static LayerMap stack(int layers, int factor, int keepFirst, int keepLast) {
    checkEnds("stack", layers, keepFirst, keepLast);
    List<Integer> sources = new ArrayList<>();
    IntStream.range(0, layers - keepLast).forEach(sources::add);
    for (int pass = 1; pass < factor; pass++) {
      IntStream.range(keepFirst, layers).forEach(sources::add);
    }
    return new LayerMap(layers, sources);
  }

  private static void checkEnds(String name, int layers, int keepFirst, int keepLast) {
    checkArgument(
        keepFirst + keepLast < layers,
        "%s must have a layer left to copy, got %s layers of which %s first and %s last are kept",
        name,
        layers,
        keepFirst,
        keepLast);
  }

  /** How many layers the source has. */
  int sourceLayers() {
    return sourceLayers;
  }

  /** Source layer of each output layer, in output order. */
  ImmutableList<Integer> sources() {
    return sources;
  }

  /** Number of output layers. */
  int size() {
    return sources.size();
  }

  /** Output layers that hold a source layer, ascending. */
  ImmutableList<Integer> places(int source) {
    return places.get(source);
  }

  /** Whether an output layer is a copy, that is not the first place of its source layer. */
  boolean isCopy(int layer) {
    return places.get(sources.get(layer)).get(0) < layer;
  }

  /** Whether the first places of the source's layers stand in their old order. */
  boolean keepsOrder() {
    return IntStream.range(1, sourceLayers)
        .allMatch(layer -> places.get(layer - 1).get(0) < places.get(layer).get(0));
  }

  /** The entries of a per-layer list, in output order. */
  <T> ImmutableList<T> map(List<T> perLayer) {
    return sources.stream().map(perLayer::get).collect(ImmutableList.toImmutableList());
  }
}

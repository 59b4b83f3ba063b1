package dev.coppice.growth.modules;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which layers and experts a grown model has.
 *
 * @param containers what stands before the indices of the text model's layers, such as {@code
 *     model.layers.}; the one that the checkpoint uses first
 * @param expertWords words before the indices of experts
 * @param layers how many layers there were
 * @param layerSources which of them each layer of the grown model is
 * @param expertSources which expert each expert of a mixture is
 * @param mtpAfterLayers whether the indices of next-token-prediction layers continue from the
 *     layers
 */
public record Lineage(
    ImmutableList<String> containers,
    ImmutableSet<String> expertWords,
    int layers,
    ImmutableList<Integer> layerSources,
    ImmutableList<Integer> expertSources,
    boolean mtpAfterLayers) {
  private static final Splitter DOTS = Splitter.on('.').omitEmptyStrings();

  /** Names that wrap a text model and say nothing of another tower. */
  private static final ImmutableSet<String> WRAPPERS =
      ImmutableSet.of("model", "language_model", "text_model", "llm", "transformer", "*");

  /** Containers under which tools may know the layers. */
  private static final ImmutableList<String> KNOWN =
      ImmutableList.of(
          "model.layers.",
          "layers.",
          "language_model.model.layers.",
          "model.language_model.layers.",
          "language_model.layers.");

  /** Words before the indices of layers. */
  ImmutableSet<String> layerWords() {
    return containers.stream()
        .map(container -> DOTS.splitToList(container))
        .map(parts -> parts.get(parts.size() - 1))
        .collect(ImmutableSet.toImmutableSet());
  }

  /** Finds indices of layers and experts. */
  SlotFinder finder() {
    return new SlotFinder(layerWords(), expertWords);
  }

  /** Other containers under which tools may know the layers. */
  ImmutableList<String> otherContainers() {
    return IntStream.range(0, KNOWN.size())
        .mapToObj(KNOWN::get)
        .filter(container -> !container.equals(containers.get(0)))
        .collect(ImmutableList.toImmutableList());
  }

  /** Whether what stands before a layer's index is the text model, and no other tower. */
  boolean isText(String before) {
    List<String> parts = DOTS.splitToList(before.replace("\\.", ".").replace("^", ""));
    ImmutableSet<String> own =
        containers.stream().flatMap(DOTS::splitToStream).collect(ImmutableSet.toImmutableSet());
    return parts.stream().allMatch(part -> WRAPPERS.contains(part) || own.contains(part));
  }

  /** Indices that a layer's index becomes; next-token-prediction layers move behind the others. */
  ImmutableList<Integer> layerPlaces(int layer) {
    if (layer < layers) {
      return places(layerSources, layer);
    }
    return mtpAfterLayers
        ? ImmutableList.of(layer - layers + layerSources.size())
        : ImmutableList.of(layer);
  }

  /** Whether there was an expert of that index. */
  boolean hadExpert(int expert) {
    return expertSources.contains(expert);
  }

  /** Indices that an expert's index becomes. */
  ImmutableList<Integer> expertPlaces(int expert) {
    ImmutableList<Integer> places = places(expertSources, expert);
    return places.isEmpty() ? ImmutableList.of(expert) : places;
  }

  private static ImmutableList<Integer> places(List<Integer> sources, int source) {
    return IntStream.range(0, sources.size())
        .filter(i -> sources.get(i) == source)
        .boxed()
        .collect(ImmutableList.toImmutableList());
  }
}

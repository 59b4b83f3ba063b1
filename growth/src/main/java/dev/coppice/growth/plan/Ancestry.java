package dev.coppice.growth.plan;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.coppice.moe.anatomy.Anatomy;
import dev.coppice.moe.checkpoint.GrowthOrigin;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Where the layers and experts of a grown model come from: plain data that operators keep beside
 * the recipes, since bytes alone do not distinguish an original from its copy.
 *
 * @param layers each layer of the model, in order
 * @param copies how many experts each expert of the source has become, itself counted
 * @param even whether every token that chose an expert chooses all its copies, each with the same
 *     share: then copies without noise share the expert's gradient evenly
 */
public record Ancestry(ImmutableList<LayerOrigin> layers, int copies, boolean even) {

  /** What a layer starts as. */
  public enum Start {
    /** A layer of the source. */
    ORIGINAL,
    /** A copy of one. */
    COPY,
    /** A copy that adds zeros to the residual stream: its output projections are zero. */
    IDENTITY
  }

  /**
   * One layer.
   *
   * @param source its layer in the source
   * @param start what it starts as
   * @param experts its experts with weights; none in a dense layer
   */
  public record LayerOrigin(int source, Start start, ImmutableList<ExpertOrigin> experts) {
    /** Whether the source had no such layer. */
    public boolean isNew() {
      return start != Start.ORIGINAL;
    }

    private GrowthOrigin.Experts origins() {
      return new GrowthOrigin.Experts(
          experts.size(),
          IntStream.range(0, experts.size())
              .filter(expert -> experts.get(expert).isNew())
              .boxed()
              .collect(ImmutableSet.toImmutableSet()));
    }
  }

  /**
   * One expert.
   *
   * @param source its expert in the source's layer
   * @param isNew whether the source had no such expert
   */
  public record ExpertOrigin(int source, boolean isNew) {}

  /** Nothing has grown yet. */
  static Ancestry of(Anatomy anatomy) {
    ImmutableList.Builder<LayerOrigin> layers = ImmutableList.builder();
    for (int layer = 0; layer < anatomy.layerCount(); layer++) {
      ImmutableList<ExpertOrigin> experts =
          IntStream.range(0, anatomy.layers().get(layer).experts())
              .mapToObj(expert -> new ExpertOrigin(expert, false))
              .collect(ImmutableList.toImmutableList());
      layers.add(new LayerOrigin(layer, Start.ORIGINAL, experts));
    }
    return new Ancestry(layers.build(), 1, true);
  }

  /**
   * After a growth in depth.
   *
   * @param sources which of these layers each grown layer is
   * @param isCopy whether a grown layer is a copy
   * @param identity whether copies start as identities; the copy of an identity is one anyway
   */
  public Ancestry deepened(List<Integer> sources, IntPredicate isCopy, boolean identity) {
    ImmutableList.Builder<LayerOrigin> grown = ImmutableList.builder();
    for (int layer = 0; layer < sources.size(); layer++) {
      LayerOrigin from = layers.get(sources.get(layer));
      grown.add(isCopy.test(layer) ? copy(from, identity) : from);
    }
    return new Ancestry(grown.build(), copies, even);
  }

  private static LayerOrigin copy(LayerOrigin from, boolean identity) {
    boolean zero = identity || from.start() == Start.IDENTITY;
    return new LayerOrigin(from.source(), zero ? Start.IDENTITY : Start.COPY, from.experts());
  }

  /**
   * After a growth in width.
   *
   * @param factor experts for each of these
   * @param interleaved whether copies stand behind their expert, and not behind all of them
   * @param shared whether a token that chose an expert now chooses all its copies, alike
   */
  public Ancestry widened(int factor, boolean interleaved, boolean shared) {
    checkArgument(factor >= 2, "width factor must be at least 2, got %s", factor);
    ImmutableList<LayerOrigin> grown =
        layers.stream()
            .map(layer -> widened(layer, factor, interleaved))
            .collect(ImmutableList.toImmutableList());
    return new Ancestry(grown, Math.multiplyExact(copies, factor), even && shared);
  }

  private static LayerOrigin widened(LayerOrigin layer, int factor, boolean interleaved) {
    int experts = layer.experts().size();
    ImmutableList.Builder<ExpertOrigin> grown = ImmutableList.builder();
    for (int index = 0; index < factor * experts; index++) {
      int copy = interleaved ? index % factor : index / experts;
      ExpertOrigin from = layer.experts().get(interleaved ? index / factor : index % experts);
      grown.add(new ExpertOrigin(from.source(), from.isNew() || copy > 0));
    }
    return new LayerOrigin(layer.source(), layer.start(), grown.build());
  }

  /** What a lineage says of it. */
  public GrowthOrigin origin() {
    return new GrowthOrigin(
        layers.stream()
            .map(layer -> new GrowthOrigin.Layer(layer.source(), layer.isNew(), layer.origins()))
            .collect(ImmutableList.toImmutableList()));
  }
}

package dev.coppice.growth.cli;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.depth.DropMtp;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.depth.PlaceLayers;
import dev.coppice.growth.depth.Stack;
import dev.coppice.growth.plan.GrowthOperator;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** Options of growth in depth. */
final class DepthOptions {
  /** All of them. */
  static final ImmutableList<String> NAMES =
      ImmutableList.of(
          "--depth",
          "--depth-method",
          "--keep-first",
          "--keep-last",
          "--layers",
          "--identity",
          "--mtp");

  private static final ImmutableList<String> OF_DEPTH =
      ImmutableList.of("--depth", "--depth-method", "--keep-first", "--keep-last");

  /** Depth operators by their name on the command line. */
  enum DepthMethod {
    INTERPOSE,
    STACK
  }

  /** The growth of next-token-prediction layers. */
  enum Mtp {
    KEEP,
    DROP
  }

  @Option(
      names = "--depth",
      paramLabel = "K",
      defaultValue = "1",
      description = "Number of places of each layer in the output (default: 1).")
  private int depth;

  @Option(
      names = "--depth-method",
      paramLabel = "METHOD",
      defaultValue = "interpose",
      description =
          "Order of copies. interpose: beside their layer; stack: the whole block repeated.")
  private DepthMethod depthMethod;

  @Option(
      names = "--keep-first",
      paramLabel = "N",
      defaultValue = "0",
      description = "Number of first layers that are not copied (default: 0).")
  private int keepFirst;

  @Option(
      names = "--keep-last",
      paramLabel = "N",
      defaultValue = "0",
      description = "Number of last layers that are not copied (default: 0).")
  private int keepLast;

  @Option(
      names = "--layers",
      paramLabel = "I,J,...",
      split = ",",
      description =
          "Source layer of each output layer, such as 0,0,1,1,2, instead of --depth."
              + " Each source layer must occur.")
  private List<Integer> layers = List.of();

  @Option(
      names = "--identity",
      description = "Sets the output projections of copied layers to zero. Logits keep every bit.")
  private boolean identity;

  @Option(
      names = "--mtp",
      paramLabel = "RULE",
      defaultValue = "keep",
      description =
          "Next-token-prediction layers. keep: they stay, uncopied; drop: they are left"
              + " out (default: keep).")
  private Mtp mtp;

  /** The operators asked for, in order; maybe none. */
  Stream<GrowthOperator> operators(GivenOptions given) {
    given.exclude("--layers", OF_DEPTH);
    List<String> shaping = OF_DEPTH.subList(1, OF_DEPTH.size());
    given.need(shaping, depth != 1, "--depth above 1");
    given.need(
        List.of("--identity"), depth != 1 || !layers.isEmpty(), "--depth above 1 or --layers");
    Stream<GrowthOperator> dropped = mtp == Mtp.DROP ? Stream.of(new DropMtp()) : Stream.empty();
    return Stream.concat(dropped, deeper());
  }

  private Stream<GrowthOperator> deeper() {
    if (!layers.isEmpty()) {
      return Stream.of(new PlaceLayers(ImmutableList.copyOf(layers), identity));
    }
    if (depth == 1) {
      return Stream.empty();
    }
    return Stream.of(
        switch (depthMethod) {
          case INTERPOSE -> new Interpose(depth, keepFirst, keepLast, identity);
          case STACK -> new Stack(depth, keepFirst, keepLast, identity);
        });
  }
}

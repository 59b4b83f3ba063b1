package dev.coppice.growth.cli;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.growth.width.DuplicateExperts.ExpertStart;
import dev.coppice.growth.width.DuplicateExperts.Placement;
import dev.coppice.growth.width.DuplicateExperts.RouterStart;
import dev.coppice.growth.width.DuplicateExperts.TopK;
import dev.coppice.growth.width.NoisedPart;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** Options of growth in width. */
final class WidthOptions {
  /** All of them. */
  static final ImmutableList<String> NAMES =
      ImmutableList.of(
          "--width", "--noise", "--noise-on", "--router", "--experts", "--top-k", "--placement");

  private static final ImmutableSet<NoisedPart> EXPERT_PARTS =
      ImmutableSet.of(NoisedPart.GATE, NoisedPart.UP, NoisedPart.DOWN);
  private static final ImmutableSet<NoisedPart> ROUTER_PARTS =
      ImmutableSet.of(NoisedPart.ROUTER, NoisedPart.ROUTER_BIAS, NoisedPart.SELECTION_BIAS);

  @Option(
      names = "--width",
      paramLabel = "M",
      defaultValue = "1",
      description = "Number of experts for each expert of the source (default: 1).")
  private int width;

  @Option(
      names = "--noise",
      paramLabel = "A",
      defaultValue = "0.01",
      description =
          "Noise on copied experts and router rows, in standard deviations of the"
              + " matrix (default: 0.01).")
  private double noise;

  @Option(
      names = "--noise-on",
      paramLabel = "PART",
      split = ",",
      defaultValue = "gate,up,down,router",
      description =
          "Tensors of a copy that get noise: gate, up, down, router, router_bias,"
              + " selection_bias (default: gate,up,down,router).")
  private Set<NoisedPart> noiseOn;

  @Option(
      names = "--router",
      paramLabel = "START",
      defaultValue = "copy",
      description =
          "New router rows. copy: copies of their expert's row; random: all rows drawn anew.")
  private RouterStart router;

  @Option(
      names = "--experts",
      paramLabel = "START",
      defaultValue = "copy",
      description = "New experts. copy: copies of their originals; random: drawn anew.")
  private ExpertStart experts;

  @Option(
      names = "--top-k",
      paramLabel = "RULE",
      defaultValue = "exact",
      description =
          "Experts per token. exact: the number that keeps the function; scale:"
              + " multiplied by M; keep: unchanged.")
  private TopK topK;

  @Option(
      names = "--placement",
      paramLabel = "ORDER",
      defaultValue = "append",
      description =
          "Place of copies. append: after all experts; interleave: each after its expert.")
  private Placement placement;

  /** The operator asked for; maybe none. */
  Stream<GrowthOperator> operators(GivenOptions given) {
    given.need(NAMES.subList(1, NAMES.size()), width != 1, "--width above 1");
    if (given.has("--noise-on")) {
      given.need(List.of("--noise-on"), noise != 0, "--noise above 0");
      checkDrawn(router == RouterStart.RANDOM, ROUTER_PARTS, "--router random");
      checkDrawn(experts == ExpertStart.RANDOM, EXPERT_PARTS, "--experts random");
    }
    return width == 1
        ? Stream.empty()
        : Stream.of(
            new DuplicateExperts(
                width, noise, ImmutableSet.copyOf(noiseOn), topK, placement, router, experts));
  }

  /** What is drawn anew takes no noise. */
  private void checkDrawn(boolean drawn, Set<NoisedPart> parts, String option) {
    for (NoisedPart part : noiseOn) {
      if (drawn && parts.contains(part)) {
        throw GivenOptions.refusal(
            option + " excludes --noise-on " + part.name().toLowerCase(Locale.ROOT));
      }
    }
  }
}

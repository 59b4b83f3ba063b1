package dev.coppice.growth.advice;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.coppice.growth.GrowthProgress;
import dev.coppice.growth.advice.Advice.GrownSize;
import dev.coppice.growth.advice.Advice.Recommendation;
import dev.coppice.growth.depth.Interpose;
import dev.coppice.growth.norm.NormProfile;
import dev.coppice.growth.plan.GrowthOperator;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.width.DuplicateExperts;
import dev.coppice.moe.CoppiceException;
import dev.coppice.moe.ErrorKind;
import dev.coppice.moe.anatomy.Counts;
import dev.coppice.moe.checkpoint.Checkpoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Advises on growth: how a checkpoint should grow, and how much training that takes.
 *
 * <p>Sizes are those of real plans. Judgements follow the paper's findings, and each says how far
 * they reach; nothing is measured but counts and norms.
 *
 * <p><b>Source</b>: arXiv 2510.08008 and its first author's post of July 2026.
 */
public final class GrowthAdvisor {
  private static final double NOISE = 0.01;

  private final Checkpoint checkpoint;
  private final AdviceRequest request;
  private final SunkCompute sunk;
  private final GrowthOperator deeper;
  private final GrowthOperator wider;
  private final ImmutableList<GrownSize> sizes;
  private final boolean noisy;

  private GrowthAdvisor(Checkpoint checkpoint, AdviceRequest request) {
    checkpoint.anatomy().counts().gap().ifPresent(GrowthAdvisor::refuse);
    this.checkpoint = checkpoint;
    this.request = request;
    this.sunk = SunkCompute.of(checkpoint, request);
    GrowthPlan source = GrowthPlan.unchanged(checkpoint, 0);
    this.deeper = Interpose.times(request.depth());
    GrowthOperator noised = DuplicateExperts.times(request.width(), NOISE);
    // packed weights can be copied, but take no noise
    this.noisy = size("width", source, noised).possible();
    this.wider = noisy ? noised : DuplicateExperts.times(request.width(), 0);
    Counts counts = checkpoint.anatomy().counts();
    this.sizes =
        ImmutableList.of(
            new GrownSize("source", counts.parameters(), counts.active(), ""),
            size("depth", source, deeper),
            size("width", source, wider),
            size("both", source, deeper.then(wider)));
  }

  /**
   * Advises.
   *
   * @param checkpoint what would grow
   * @param request facts and wishes of the user
   * @param progress receives the bytes read for the norm profile
   * @throws CoppiceException INPUT_INVALID if the parameters could not be counted
   */
  public static Advice advise(Checkpoint checkpoint, AdviceRequest request, GrowthProgress progress)
      throws IOException {
    return new GrowthAdvisor(checkpoint, request).advise(progress);
  }

  /** All advice rests on the parameters that a token is multiplied with. */
  private static void refuse(String gap) {
    throw new CoppiceException(
        ErrorKind.INPUT_INVALID, "advice needs the count of active parameters, but " + gap);
  }

  private Advice advise(GrowthProgress progress) throws IOException {
    long active = checkpoint.anatomy().counts().active();
    String axes = axes(tooShort());
    ExtraCompute extra = new ExtraCompute(sunk, request.budget(), sizeOf(axes).active());
    ImmutableList<Finding> findings =
        ImmutableList.of(
            sunk.finding(active),
            norms(progress),
            method(active),
            axis(axes),
            extra.finding(),
            learningRate(),
            edges());
    return new Advice(findings, sizes, recommendation(axes));
  }

  /** Whether it is not sure that the budget reaches the sunk compute. */
  private boolean tooShort() {
    return !new ExtraCompute(sunk, request.budget(), 1).verdict().equals("enough");
  }

  private static GrownSize size(String name, GrowthPlan source, GrowthOperator operator) {
    try {
      Counts counts = operator.apply(source).anatomy().counts();
      return new GrownSize(name, counts.parameters(), counts.active(), "");
    } catch (CoppiceException | IllegalArgumentException e) {
      return new GrownSize(name, 0, 0, String.valueOf(e.getMessage()));
    }
  }

  private GrownSize sizeOf(String name) {
    return sizes.stream()
        .filter(size -> size.name().equals(name) && size.possible())
        .findFirst()
        .orElse(sizes.get(0));
  }

  private boolean possible(String name) {
    return sizes.stream().anyMatch(size -> size.name().equals(name) && size.possible());
  }

  /** Depth first; width as well where the budget is long enough for it to pay. */
  private String axes(boolean budgetIsShort) {
    if (possible("depth")) {
      return !budgetIsShort && possible("both") ? "both" : "depth";
    }
    return possible("width") ? "width" : "none";
  }

  private Finding norms(GrowthProgress progress) throws IOException {
    if (!request.norms()) {
      return NormFinding.absent("not_measured", "The norm profile was not measured.");
    }
    try {
      return NormFinding.of(NormProfile.of(checkpoint, progress));
    } catch (CoppiceException e) {
      return NormFinding.absent(
          "not_measured", "The norm profile could not be measured: " + e.getMessage() + ".");
    }
  }

  private Finding method(long active) {
    String verdict =
        !possible("depth")
            ? "refused"
            : sunk.beyond(active).map(beyond -> beyond ? "interpose" : "tie").orElse("unknown");
    String text =
        switch (verdict) {
          case "refused" -> "Depth growth is not possible: " + refusal("depth") + ".";
          case "interpose" ->
              "Interpose: beyond the boundary it was ahead of stacking all through training.";
          case "tie" ->
              "Interposition and stacking are about equal this early; interposition was not worse.";
          default ->
              "Interpose: without the sunk compute there is no reason to prefer either, and"
                  + " interposition was not worse in the paper's runs.";
        };
    return new Finding(
        "depth_method",
        verdict,
        ImmutableMap.of(),
        text,
        "arXiv 2510.08008, base-step sweep on its own models; other work (G_stack, arXiv"
            + " 2405.15319) found stacking best for dense models grown very early");
  }

  private Finding axis(String verdict) {
    ImmutableMap.Builder<String, Number> numbers = ImmutableMap.builder();
    List<String> refused = new ArrayList<>();
    for (GrownSize size : sizes) {
      if (size.possible()) {
        numbers.put("active_" + size.name(), size.active());
        numbers.put("parameters_" + size.name(), size.parameters());
      } else if (!size.name().equals("both")) {
        refused.add(size.name() + " is refused: " + size.refusal() + ".");
      }
    }
    String text =
        String.format(
            Locale.ROOT,
            "%s Width pays later than depth, and less at short budgets. The order of the two"
                + " changes nothing in the plan. Experts per token grow with the experts where that"
                + " keeps the function, so width costs FLOPs too: active parameters %s; depth x%d"
                + " %s, width x%d %s, both %s. %s",
            said(verdict),
            Figures.count((double) sizes.get(0).active()),
            request.depth(),
            shown("depth"),
            request.width(),
            shown("width"),
            shown("both"),
            String.join(" ", refused));
    return new Finding(
        "axes",
        verdict,
        numbers.buildOrThrow(),
        text.strip(),
        "arXiv 2510.08008: 3B to 6B and 12B runs; width growth has no timing sweep. Whether top-k"
            + " should grow is disputed (arXiv 2604.19835 keeps it): --top-k keep leaves it");
  }

  private static String said(String verdict) {
    return switch (verdict) {
      case "both" -> "Grow both axes.";
      case "depth" -> "Grow depth first.";
      case "width" -> "Grow width: depth is not possible.";
      default -> "No growth is possible.";
    };
  }

  private String shown(String name) {
    return possible(name) ? Figures.count((double) sizeOf(name).active()) : "not possible";
  }

  private String refusal(String name) {
    return sizes.stream()
        .filter(size -> size.name().equals(name))
        .findFirst()
        .map(GrownSize::refusal)
        .orElse("");
  }

  private static Finding learningRate() {
    return new Finding(
        "learning_rate",
        "check",
        ImmutableMap.of(),
        "Grow from a checkpoint of the constant-rate part of its schedule: annealed ones"
            + " gained less. Going on at the old constant rate was used; another rate must be"
            + " tuned. The files do not show which kind this one is.",
        "arXiv 2510.08008: gains shrink for bases taken after annealing began (72k of 96k steps);"
            + " the rate after growth is untuned there, and reviewers hold that it confounds the"
            + " timing");
  }

  private Finding edges() {
    int layers = checkpoint.anatomy().layerCount();
    int factor = request.depth();
    ImmutableMap.Builder<String, Number> numbers = ImmutableMap.builder();
    numbers.put("keep_first", 0);
    numbers.put("keep_last", 0);
    numbers.put("layers_0_0", (long) layers * factor);
    if (layers > 4) {
      numbers.put("layers_2_2", layers + (long) (factor - 1) * (layers - 4));
    }
    return new Finding(
        "edges",
        "keep_none",
        numbers.buildOrThrow(),
        "Copy every layer (--keep-first 0 --keep-last 0, the default); --keep-first 2 --keep-last 2"
            + " is the other setting in use.",
        "the sources disagree: the published sizes need 0/0, the authors' launch script says 2/2;"
            + " no comparison is published");
  }

  private Recommendation recommendation(String axes) {
    List<String> options = new ArrayList<>();
    if (axes.equals("depth") || axes.equals("both")) {
      options.add("--depth " + request.depth());
    }
    if (axes.equals("width") || axes.equals("both")) {
      options.add("--width " + request.width() + " --noise " + (noisy ? NOISE : "0"));
    }
    String reason = reason(axes);
    return switch (axes) {
      case "depth" -> new Recommendation(Optional.of(deeper), command(options), reason);
      case "width" -> new Recommendation(Optional.of(wider), command(options), reason);
      case "both" -> new Recommendation(Optional.of(deeper.then(wider)), command(options), reason);
      default -> new Recommendation(Optional.empty(), "", reason);
    };
  }

  private String reason(String axes) {
    String compute = new ExtraCompute(sunk, request.budget(), 1).verdict();
    if (axes.equals("none")) {
      return "the family refuses both axes";
    }
    return switch (compute) {
      case "enough" -> "the budget reaches the sunk compute, long enough for both axes to pay";
      case "too_little" ->
          "the budget is short of the sunk compute: if growth is wanted all the same, the axis that"
              + " pays sooner; otherwise train on, or from scratch";
      case "borderline" -> "the budget is of the order of the sunk compute, but short of it";
      default -> "sunk compute or budget is unknown; the axis that pays sooner";
    };
  }

  private String command(List<String> options) {
    String folder = checkpoint.folder().toString();
    return "coppice grow "
        + quoted(folder)
        + " "
        + quoted(folder.replaceAll("/+$", "") + "-grown")
        + " "
        + String.join(" ", options);
  }

  private static String quoted(String word) {
    return word.matches("[A-Za-z0-9_./+:@%=-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}

package dev.coppice.growth.width;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.coppice.growth.plan.GrowthPlan;
import dev.coppice.growth.plan.PlannedTensor;
import dev.coppice.growth.plan.Refusal;
import dev.coppice.growth.plan.WidthOperator;

/**
 * Width growth by expert duplication: E experts become {@code factor}·E, each copy slightly noised.
 *
 * <p>Originals keep every bit. A copy's gate, up and down matrices each get N(0, (noise·σ)²), σ
 * being the standard deviation (n−1) of the matrix that is copied; the router's new rows get N(0,
 * (noise·σ)²), σ being that of the whole {@code [E,D]} matrix. Arithmetic is float32 with one
 * rounding. Attention, norms, embeddings, shared experts and dense layers are untouched.
 *
 * <p>Top-k, group limits, scaling factor and selection bias follow the exact recipe for the
 * family's kind of router, which the plan's notes spell out; where there is none, growth is
 * refused.
 *
 * <p><b>Invariant</b>: {@link dev.coppice.growth.plan.Invariant#EXACT} without noise, with copied
 * router rows and experts and that recipe: every chosen expert and its copies share the weight that
 * it had alone. {@link dev.coppice.growth.plan.Invariant#NONE} otherwise.
 *
 * <p><b>Source</b>: arXiv 2510.08008, equation 4. <b>Differs</b>: σ is always that of one matrix of
 * one expert, also where a file stores them fused; noise is drawn in float32 from a seed; any
 * factor and any router kind.
 *
 * @param factor experts for each old one; at least 2
 * @param noise α
 * @param noiseOn what is noised
 * @param topK what becomes of the number of chosen experts
 * @param placement where copies stand
 * @param router how the router starts
 * @param experts how new experts start
 */
public record DuplicateExperts(
    int factor,
    double noise,
    ImmutableSet<NoisedPart> noiseOn,
    TopK topK,
    Placement placement,
    RouterStart router,
    ExpertStart experts)
    implements WidthOperator {

  /** The rule for top-k. */
  public enum TopK {
    /** What keeps the function: multiplied by the factor, or left alone (Llama 4). */
    @JsonProperty("exact")
    EXACT,
    /** Multiplied by the factor. */
    @JsonProperty("scale")
    SCALE,
    /** Left alone, which keeps the FLOPs a token. */
    @JsonProperty("keep")
    KEEP
  }

  /** Where copies stand. */
  public enum Placement {
    /** Copy c of expert e becomes expert c·E + e. */
    @JsonProperty("append")
    APPEND,
    /** Copy c of expert e becomes expert e·factor + c. */
    @JsonProperty("interleave")
    INTERLEAVE
  }

  /** How the grown router starts. */
  public enum RouterStart {
    /** Each new row is a (noised) copy of its original's row. */
    @JsonProperty("copy")
    COPY,
    /** All rows are drawn anew from N(0, 0.02²): the paper's baseline. */
    @JsonProperty("random")
    RANDOM
  }

  /** How new experts start. */
  public enum ExpertStart {
    /** As (noised) copies of their originals. */
    @JsonProperty("copy")
    COPY,
    /** Drawn anew from N(0, s²), s being the config's initializer_range: the paper's baseline. */
    @JsonProperty("random")
    RANDOM
  }

  /** Checks the ranges. */
  public DuplicateExperts {
    checkArgument(factor >= 2, "width factor must be at least 2, got %s", factor);
    checkArgument(
        noise >= 0 && Double.isFinite(noise),
        "noise must be a number of at least 0, got %s",
        noise);
  }

  /**
   * Duplication as the paper does it: top-k scaled, copies appended, router rows copied.
   *
   * @param factor experts for each old one; at least 2
   * @param noise α of expert matrices and router rows
   */
  public static DuplicateExperts times(int factor, double noise) {
    return new DuplicateExperts(
        factor,
        noise,
        NoisedPart.MATRICES,
        TopK.EXACT,
        Placement.APPEND,
        RouterStart.COPY,
        ExpertStart.COPY);
  }

  /** The same growth with another rule for top-k. */
  public DuplicateExperts withTopK(TopK rule) {
    return new DuplicateExperts(factor, noise, noiseOn, rule, placement, router, experts);
  }

  /** The same growth with copies in another place. */
  public DuplicateExperts withPlacement(Placement place) {
    return new DuplicateExperts(factor, noise, noiseOn, topK, place, router, experts);
  }

  /** The same growth with another start of new experts. */
  public DuplicateExperts withExperts(ExpertStart start) {
    return new DuplicateExperts(factor, noise, noiseOn, topK, placement, router, start);
  }

  /** α of a part: zero where it is not to be noised. */
  double noise(NoisedPart part) {
    return noiseOn.contains(part) ? noise : 0;
  }

  @Override
  public GrowthPlan apply(GrowthPlan plan) {
    Refusal.check(plan, "width", "grow in width");
    RouterRecipe recipe = RouterRecipe.of(this, plan);
    Widening widening = new Widening(this, plan, recipe);
    ImmutableList<PlannedTensor> tensors =
        plan.tensors().values().stream()
            .flatMap(widening::widen)
            .collect(ImmutableList.toImmutableList());
    return plan.with(
        ExpertConfig.grow(this, plan, recipe),
        tensors,
        recipe.effect(),
        plan.ancestry().widened(factor, placement == Placement.INTERLEAVE, recipe.shares()));
  }
}

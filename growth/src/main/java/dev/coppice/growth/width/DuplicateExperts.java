package dev.coppice.growth.width;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.google.common.collect.ImmutableList;
import dev.coppice.growth.GrowthPlan;
import dev.coppice.growth.Invariant;
import dev.coppice.growth.PlannedTensor;
import dev.coppice.growth.WidthOperator;

/**
 * Width growth by expert duplication: E experts become {@code factor}·E, each copy slightly noised.
 *
 * <p>Originals keep every bit. A copy's gate, up and down matrices each get N(0, (noise·σ)²), σ
 * being the standard deviation (n−1) of the matrix that is copied; the router's new rows get N(0,
 * (routerNoise·σ)²), σ being that of the whole {@code [E,D]} matrix. Arithmetic is float32 with one
 * rounding. Attention, norms, embeddings and dense layers are untouched.
 *
 * <p><b>Invariant</b>: {@link Invariant#EXACT} with both noises zero, copied router rows and scaled
 * top-k, for routers that renormalise or take a softmax over all experts: every chosen expert and
 * its copies share the weight that it had alone. {@link Invariant#NONE} otherwise.
 *
 * <p><b>Source</b>: arXiv 2510.08008, equation 4. <b>Differs</b>: σ is always that of one matrix of
 * one expert, also where a file stores them fused; noise is drawn in float32 from a seed.
 *
 * @param factor experts for each old one; at least 2
 * @param noise α of the expert matrices; 0.01 in the paper
 * @param routerNoise α of the router's rows
 * @param topK what becomes of the number of chosen experts
 * @param placement where copies stand
 * @param router how the router starts
 */
public record DuplicateExperts(
    int factor,
    double noise,
    double routerNoise,
    TopK topK,
    Placement placement,
    RouterStart router)
    implements WidthOperator {

  /** What becomes of top-k. */
  public enum TopK {
    /** Multiplied by the factor, which keeps the function. */
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

  /** Checks the ranges. */
  public DuplicateExperts {
    checkArgument(factor >= 2, "width factor must be at least 2, got %s", factor);
    checkNoise("noise", noise);
    checkNoise("router noise", routerNoise);
  }

  /**
   * Duplication as the paper does it: top-k scaled, copies appended, router rows copied.
   *
   * @param factor experts for each old one; at least 2
   * @param noise α of expert matrices and router rows
   */
  public static DuplicateExperts times(int factor, double noise) {
    return new DuplicateExperts(
        factor, noise, noise, TopK.SCALE, Placement.APPEND, RouterStart.COPY);
  }

  @Override
  public GrowthPlan apply(GrowthPlan plan) {
    Widening widening = new Widening(this, plan.family(), ExpertConfig.experts(plan));
    ImmutableList<PlannedTensor> tensors =
        plan.tensors().values().stream()
            .flatMap(widening::widen)
            .collect(ImmutableList.toImmutableList());
    return plan.with(ExpertConfig.grow(plan, factor, topK), tensors);
  }

  @Override
  @JsonIgnore
  public Invariant invariant() {
    boolean exact =
        noise == 0 && routerNoise == 0 && topK == TopK.SCALE && router == RouterStart.COPY;
    return exact ? Invariant.EXACT : Invariant.NONE;
  }

  private static void checkNoise(String name, double alpha) {
    checkArgument(
        alpha >= 0 && Double.isFinite(alpha),
        "%s must be a number of at least 0, got %s",
        name,
        alpha);
  }
}

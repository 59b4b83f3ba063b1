package dev.coppice.moe.train;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.ImmutableLongArray;
import dev.coppice.moe.spec.LayerSpec;
import dev.coppice.moe.spec.MoeSpec;

/**
 * How many tokens each expert of each mixture layer took.
 *
 * @param experts experts E of a layer; 0 where the model has no mixture
 * @param counts tokens, row-major [L, E]
 */
public record ExpertLoad(int experts, ImmutableLongArray counts) {
  /** Of a model without experts. */
  public static final ExpertLoad NONE = new ExpertLoad(0, ImmutableLongArray.of());

  /** Checks that rows are whole. */
  public ExpertLoad {
    checkArgument(
        experts > 0 ? counts.length() % experts == 0 : counts.isEmpty(),
        "counts must be whole rows of %s experts, got %s",
        experts,
        counts.length());
  }

  /** Refuses the load of another model. */
  void checkOf(MoeSpec spec) {
    int ofModel = spec.firstMoe().map(LayerSpec.Moe::experts).orElse(0);
    checkArgument(
        layers() == spec.mixtures() && experts == ofModel,
        "load must be of %s layers of %s experts, got %s of %s",
        spec.mixtures(),
        ofModel,
        layers(),
        experts);
  }

  /** Mixture layers L. */
  public int layers() {
    return experts == 0 ? 0 : counts.length() / experts;
  }

  /** Tokens that an expert took. */
  public long count(int layer, int expert) {
    return counts.get(layer * experts + expert);
  }

  /** Tokens that all experts of a layer took, each chosen expert counted. */
  public long total(int layer) {
    return counts.subArray(layer * experts, (layer + 1) * experts).stream().sum();
  }

  /** Experts, over all layers, that took nothing. */
  public int deadExperts() {
    return (int) counts.stream().filter(count -> count == 0).count();
  }

  /**
   * The busiest expert's load over the mean, in the layer where that is largest; 1 is perfect
   * balance, 0 if nothing was routed.
   */
  public double imbalance() {
    double worst = 0;
    for (int layer = 0; layer < layers(); layer++) {
      long most = counts.subArray(layer * experts, (layer + 1) * experts).stream().max().orElse(0);
      worst = Math.max(worst, most * (double) experts / Math.max(1, total(layer)));
    }
    return worst;
  }

  /**
   * Both loads together.
   *
   * @throws IllegalArgumentException if they are of different models
   */
  public ExpertLoad plus(ExpertLoad other) {
    if (counts.isEmpty() || other.counts.isEmpty()) {
      return counts.isEmpty() ? other : this;
    }
    checkArgument(
        experts == other.experts && counts.length() == other.counts.length(),
        "loads must be of one model, got %s and %s counts",
        counts.length(),
        other.counts.length());
    ImmutableLongArray.Builder sum = ImmutableLongArray.builder(counts.length());
    for (int i = 0; i < counts.length(); i++) {
      sum.add(counts.get(i) + other.counts.get(i));
    }
    return new ExpertLoad(experts, sum.build());
  }
}

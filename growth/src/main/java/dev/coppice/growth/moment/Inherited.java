package dev.coppice.growth.moment;

import com.google.common.collect.ImmutableList;
import dev.coppice.growth.plan.RecipeVisitor;
import dev.coppice.growth.plan.SourceId;
import dev.coppice.growth.plan.SourceTensor;
import dev.coppice.growth.plan.TensorRecipe;
import dev.coppice.growth.plan.TensorRecipe.Concat;
import dev.coppice.growth.plan.TensorRecipe.Copy;
import dev.coppice.growth.plan.TensorRecipe.ExpertIds;
import dev.coppice.growth.plan.TensorRecipe.Noise;
import dev.coppice.growth.plan.TensorRecipe.Normal;
import dev.coppice.growth.plan.TensorRecipe.Part;
import dev.coppice.growth.plan.TensorRecipe.Scale;
import dev.coppice.growth.plan.TensorRecipe.Slice;
import dev.coppice.growth.plan.TensorRecipe.Sum;
import dev.coppice.growth.plan.TensorRecipe.Zero;
import dev.coppice.moe.checkpoint.OptimizerState.Moment;

/**
 * Where the moments of a grown weight come from, before any {@link MomentRule}.
 *
 * <p>The moments of a weighted sum are zero: no optimizer has taken a step with that weight, and
 * those of its terms were taken at other points.
 *
 * @param moment which of the two
 */
public record Inherited(Moment moment) implements RecipeVisitor<TensorRecipe> {
  @Override
  public TensorRecipe copy(Copy copy) {
    return new Copy(new SourceTensor(SourceId.STATE, moment.prefix() + copy.tensor().name()));
  }

  @Override
  public TensorRecipe slice(Slice slice) {
    return slice.input().accept(this).slice(slice.begin(), slice.count());
  }

  @Override
  public TensorRecipe concat(Concat concat) {
    return concat(
        concat.parts().stream()
            .map(part -> new Part(part.recipe().accept(this), part.elements()))
            .collect(ImmutableList.toImmutableList()));
  }

  @Override
  public TensorRecipe noise(Noise noise) {
    return noise.input().accept(this);
  }

  @Override
  public TensorRecipe normal(Normal normal) {
    return new Zero();
  }

  @Override
  public TensorRecipe scale(Scale scale) {
    return scaled(scale.input().accept(this), scale.factor());
  }

  @Override
  public TensorRecipe sum(Sum sum) {
    return new Zero();
  }

  @Override
  public TensorRecipe expertIds(ExpertIds ids) {
    return new Zero();
  }

  @Override
  public TensorRecipe zero(Zero zero) {
    return zero;
  }

  /** The moments of numbers that were multiplied: their gradients are divided. */
  private TensorRecipe scaled(TensorRecipe moments, double factor) {
    boolean none = factor == 0 || moments.isZero();
    return none ? new Zero() : new Scale(moments, Math.pow(factor, -moment.order()));
  }

  static TensorRecipe concat(ImmutableList<Part> parts) {
    return parts.stream().allMatch(part -> part.recipe().isZero()) ? new Zero() : new Concat(parts);
  }
}

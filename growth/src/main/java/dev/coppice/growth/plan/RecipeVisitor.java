package dev.coppice.growth.plan;

/**
 * One method for each kind of {@link TensorRecipe}.
 *
 * @param <R> the answer
 */
public interface RecipeVisitor<R> {
  /** Answers for a copy. */
  R copy(TensorRecipe.Copy copy);

  /** Answers for a run of another recipe. */
  R slice(TensorRecipe.Slice slice);

  /** Answers for parts one after another. */
  R concat(TensorRecipe.Concat concat);

  /** Answers for a noised recipe. */
  R noise(TensorRecipe.Noise noise);

  /** Answers for fresh numbers. */
  R normal(TensorRecipe.Normal normal);

  /** Answers for a scaled recipe. */
  R scale(TensorRecipe.Scale scale);

  /** Answers for a weighted sum. */
  R sum(TensorRecipe.Sum sum);

  /** Answers for a widened table of expert indices. */
  R expertIds(TensorRecipe.ExpertIds ids);

  /** Answers for zeros. */
  R zero(TensorRecipe.Zero zero);
}

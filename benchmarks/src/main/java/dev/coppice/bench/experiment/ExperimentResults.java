package dev.coppice.bench.experiment;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;

/**
 * Results of an experiment: the file {@code results.json}.
 *
 * @param schemaVersion of the file's form; 1
 * @param experiment name of the recipe
 * @param seed of the run
 * @param base the model that was trained first
 * @param arms {@code grown}, {@code scratch}, {@code kept}
 * @param differences of the grown arm to the two others
 * @param verdict conclusions from the intervals
 * @param config the recipe in full, with the seed that ran
 * @param budgets to replay the run exactly, as {@code --base-budget} and {@code --extra-budget}
 * @param corpus the text
 * @param norms expert norms by layer, of {@code base}, {@code grown_start} and {@code grown}
 * @param seconds the run took in all
 * @param machine where it ran
 * @param versions of the programs
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record ExperimentResults(
    int schemaVersion,
    String experiment,
    long seed,
    Score base,
    ImmutableList<Score> arms,
    ImmutableList<Difference> differences,
    String verdict,
    ExperimentSpec config,
    Budgets budgets,
    CorpusFacts corpus,
    ImmutableMap<String, ImmutableList<Double>> norms,
    double seconds,
    Machine machine,
    ImmutableMap<String, String> versions) {
  /** The form that this version writes. */
  public static final int SCHEMA_VERSION = 1;

  /** The base, then the arms. */
  public ImmutableList<Score> all() {
    return ImmutableList.<Score>builder().add(base).addAll(arms).build();
  }
}

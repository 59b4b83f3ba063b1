package dev.coppice.bench.experiment;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Optional;

/**
 * An experiment to be run.
 *
 * @param spec the recipe
 * @param corpus folders, files and archives of text
 * @param out folder to write; must not exist
 * @param limit time to fill, or the budgets themselves
 * @param quiet whether progress is withheld
 */
public record ExperimentRequest(
    ExperimentSpec spec, ImmutableList<Path> corpus, Path out, Limit limit, boolean quiet) {

  /**
   * How much may be spent.
   *
   * @param seconds to fill, speed probe and evaluation included; what a given budget overrules
   * @param baseFlops on the base
   * @param extraFlops on each arm
   */
  public record Limit(
      double seconds, Optional<BigInteger> baseFlops, Optional<BigInteger> extraFlops) {
    /** Checks the sign. */
    public Limit {
      checkArgument(
          seconds > 0 && Double.isFinite(seconds), "time must be positive, got %s s", seconds);
    }

    /** Budgets, where both are given. */
    Optional<Budgets> budgets() {
      return baseFlops.flatMap(base -> extraFlops.map(extra -> new Budgets(base, extra)));
    }
  }
}

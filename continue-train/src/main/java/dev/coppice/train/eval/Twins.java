package dev.coppice.train.eval;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import dev.coppice.moe.checkpoint.Lineage;
import java.util.Optional;

/**
 * Which experts are copies of one another since the last growth in width.
 *
 * @param factor experts for each one before the growth; at least 2
 * @param interleaved whether copies stand side by side, instead of behind all originals
 */
public record Twins(int factor, boolean interleaved) {
  /** Checks the factor. */
  public Twins {
    checkArgument(factor > 1, "width factor must be at least 2, got %s", factor);
  }

  /** The last growth in width of a lineage, if any. */
  public static Optional<Twins> of(Lineage lineage) {
    Optional<Twins> last = Optional.empty();
    for (JsonNode operator : lineage.json().path("operators")) {
      if (operator.path("operator").asText().equals("duplicate_experts")
          && operator.path("factor").asInt() > 1) {
        boolean interleaved = operator.path("placement").asText().equals("interleave");
        last = Optional.of(new Twins(operator.path("factor").asInt(), interleaved));
      }
    }
    return last;
  }

  /**
   * Pairs of an expert before the growth and each of its copies.
   *
   * @param experts now; a multiple of the factor
   */
  ImmutableList<Pair> pairs(int experts) {
    checkArgument(
        experts % factor == 0, "experts must be a multiple of %s, got %s", factor, experts);
    int originals = experts / factor;
    ImmutableList.Builder<Pair> pairs = ImmutableList.builder();
    for (int expert = 0; expert < originals; expert++) {
      for (int copy = 1; copy < factor; copy++) {
        pairs.add(
            interleaved
                ? new Pair(expert * factor, expert * factor + copy)
                : new Pair(expert, expert + copy * originals));
      }
    }
    return pairs.build();
  }

  /** An expert and its copy. */
  record Pair(int original, int copy) {}
}

package dev.coppice.train.data;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Record of one part of the data, with its number of passes.
 *
 * @param weight of the part in the mixture
 * @param paths it was read from, in order
 * @param documents in it, without what is held out
 * @param tokens in it, without what is held out
 * @param windows whole windows in it; null where no length of window is known
 * @param passes that the budget makes of those windows; null where that depends on the clock, or
 *     nothing is trained
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record PartRecord(
    double weight,
    List<PathRecord> paths,
    long documents,
    long tokens,
    @Nullable Long windows,
    @Nullable Double passes) {
  /** Copies the list. */
  public PartRecord {
    paths = List.copyOf(paths);
  }

  /** The same with windows, and the passes that a number of tokens makes of them. */
  PartRecord used(int sequence, Optional<Double> trained) {
    long whole = Math.max(0, (tokens - 1) / sequence);
    Optional<Double> passed =
        whole == 0 ? Optional.empty() : trained.map(all -> all / sequence / whole);
    return new PartRecord(weight, paths, documents, tokens, whole, passed.orElse(null));
  }
}

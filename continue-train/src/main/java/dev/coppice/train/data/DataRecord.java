package dev.coppice.train.data;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.coppice.train.data.reading.EndToken;
import dev.coppice.train.data.reading.ReadingRecord;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Record of the data that was read: enough to say it, and to read it again.
 *
 * @param reading options it was read with
 * @param end token that ends documents; null if none does
 * @param parts of the data, in the order of the mixture
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record DataRecord(ReadingRecord reading, @Nullable EndToken end, List<PartRecord> parts) {
  /** Copies the list. */
  public DataRecord {
    parts = List.copyOf(parts);
  }

  /**
   * The same with windows and passes.
   *
   * @param sequence tokens a window, S
   * @param tokens that the budget holds, if that does not depend on the clock; none where nothing
   *     is trained
   */
  public DataRecord used(int sequence, Optional<Long> tokens) {
    double weights = parts.stream().mapToDouble(PartRecord::weight).sum();
    return new DataRecord(
        reading,
        end,
        parts.stream()
            .map(part -> part.used(sequence, tokens.map(all -> all * part.weight() / weights)))
            .toList());
  }
}

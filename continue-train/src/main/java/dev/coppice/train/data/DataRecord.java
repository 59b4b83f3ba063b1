package dev.coppice.train.data;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What was read, and how: enough to say it, and to read it again.
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
}

package dev.coppice.train.data;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which data a run reads.
 *
 * @param sha256 over all that is read, 64 hexadecimal digits
 * @param tokens in one pass over every part
 * @param parts of the mixture; at least one
 * @param read where it came from and how it was read; null for runs of earlier versions, and where
 *     token files were handed over
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record DataSpec(
    String sha256, long tokens, List<PartSpec> parts, @Nullable DataRecord read) {
  /** Copies the list. */
  public DataSpec {
    parts = List.copyOf(parts);
  }
}

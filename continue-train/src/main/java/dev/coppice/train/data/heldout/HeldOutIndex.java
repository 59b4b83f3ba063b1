package dev.coppice.train.data.heldout;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the documents of {@code data/held-out.tokens} come from: the file {@code
 * data/held-out.json}.
 *
 * @param schemaVersion of this JSON object, 1
 * @param sources in the order of their documents
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record HeldOutIndex(int schemaVersion, List<Source> sources) {
  public HeldOutIndex {
    sources = List.copyOf(sources);
  }

  /**
   * One source.
   *
   * @param name the path as it was given; with a number where two are alike
   * @param documents number of them
   * @param tokens number of them
   * @param documentEnd token that was put behind documents; null for none
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Source(String name, long documents, long tokens, @Nullable Integer documentEnd) {}
}

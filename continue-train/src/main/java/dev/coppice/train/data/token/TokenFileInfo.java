package dev.coppice.train.data.token;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;

/**
 * Description of a token file, in {@code NAME.json}.
 *
 * @param schemaVersion of this JSON object, 1
 * @param sha256 of the whole token file, 64 hexadecimal digits
 * @param tokenizer name of the tokenizer
 * @param vocabulary of the tokenizer
 * @param tokens number of tokens
 * @param documents name of each document, in order; none where they have none of their own
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record TokenFileInfo(
    int schemaVersion,
    String sha256,
    String tokenizer,
    int vocabulary,
    long tokens,
    List<String> documents) {
  public TokenFileInfo {
    documents = List.copyOf(documents);
  }

  /** Whether the names are those of so many documents. */
  boolean names(long count) {
    return documents.isEmpty() || documents.size() == count;
  }
}

package dev.coppice.train.data.reading;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The options that data was read with, as they were given.
 *
 * @param format asked for
 * @param textField field of an object that has the text
 * @param binWidth bytes of a token of nanoGPT; null where none was given
 * @param documentStart ids before every document of text
 * @param specialTokens {@code text} where special tokens that are written in documents were read as
 *     plain text, else {@code special}
 * @param tokenizer what read text: the tokenizer's name, {@code byte}, or {@code none}
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record ReadingRecord(
    DataForm format,
    String textField,
    @Nullable Integer binWidth,
    List<Integer> documentStart,
    String specialTokens,
    String tokenizer) {
  /** Copies the list. */
  public ReadingRecord {
    documentStart = List.copyOf(documentStart);
  }
}

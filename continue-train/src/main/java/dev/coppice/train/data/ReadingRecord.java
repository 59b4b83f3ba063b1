package dev.coppice.train.data;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import org.jspecify.annotations.Nullable;

/**
 * The options that data was read with, as they were given.
 *
 * @param format asked for
 * @param textField field of an object that has the text
 * @param binWidth bytes of a token of nanoGPT; null where none was given
 * @param tokenizer what read text: the tokenizer's name, {@code byte}, or {@code none}
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record ReadingRecord(
    DataForm format, String textField, @Nullable Integer binWidth, String tokenizer) {}

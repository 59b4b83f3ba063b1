package dev.coppice.train.data.reading;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import org.jspecify.annotations.Nullable;

/**
 * The token that ends documents.
 *
 * @param id of it
 * @param text of it; null where no tokenizer is there to say
 * @param origin where it was found, such as {@code config.json}
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record EndToken(int id, @Nullable String text, String origin) {}

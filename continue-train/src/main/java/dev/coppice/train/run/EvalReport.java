package dev.coppice.train.run;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * How well a model foretells text that it was not trained on.
 *
 * @param loss mean cross-entropy, nats a token
 * @param bitsPerByte the same in bits a byte of text
 * @param accuracy share of tokens that the model held likeliest
 * @param intervalLow lower end of the 95 % bootstrap interval of the loss
 * @param intervalHigh upper end of it
 * @param accuracyLow lower end of the 95 % bootstrap interval of the accuracy
 * @param accuracyHigh upper end of it
 * @param resampled what the bootstrap drew: {@code documents}, or {@code windows} where the text
 *     has fewer than ten documents
 * @param units how many of those there are
 * @param windows read
 * @param tokens counted
 * @param data fingerprint of the text's token file
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record EvalReport(
    double loss,
    double bitsPerByte,
    double accuracy,
    double intervalLow,
    double intervalHigh,
    double accuracyLow,
    double accuracyHigh,
    String resampled,
    int units,
    long windows,
    long tokens,
    String data) {}

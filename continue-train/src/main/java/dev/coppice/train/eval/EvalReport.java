package dev.coppice.train.eval;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import org.jspecify.annotations.Nullable;

/**
 * How well a model foretells text that it was not trained on.
 *
 * @param loss mean cross-entropy, nats a token
 * @param bitsPerByte the sum of the same over the bytes of the tokens that were counted, in bits;
 *     null where their text is not known
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
 * @param bytes of text that the counted tokens stand for, an end of a document none; null where
 *     that is not known
 * @param documentMask whether documents in a window did not see one another
 * @param data fingerprint of the text's token file
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record EvalReport(
    double loss,
    @Nullable Double bitsPerByte,
    double accuracy,
    double intervalLow,
    double intervalHigh,
    double accuracyLow,
    double accuracyHigh,
    String resampled,
    int units,
    long windows,
    long tokens,
    @Nullable Long bytes,
    boolean documentMask,
    String data) {}

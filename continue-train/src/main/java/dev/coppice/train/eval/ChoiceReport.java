package dev.coppice.train.eval;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * How often a model holds the right choice likeliest.
 *
 * @param name of the task
 * @param questions how many
 * @param accuracy share of questions where the right choice has the greatest log-likelihood
 * @param accuracyLow lower end of its 95 % bootstrap interval
 * @param accuracyHigh upper end of it
 * @param normalizedAccuracy the same, each log-likelihood divided by its choice's bytes
 * @param normalizedLow lower end of its 95 % bootstrap interval
 * @param normalizedHigh upper end of it
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record ChoiceReport(
    String name,
    int questions,
    double accuracy,
    double accuracyLow,
    double accuracyHigh,
    double normalizedAccuracy,
    double normalizedLow,
    double normalizedHigh) {}

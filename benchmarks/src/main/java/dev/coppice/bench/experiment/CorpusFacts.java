package dev.coppice.bench.experiment;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.google.common.collect.ImmutableList;

/**
 * The text of an experiment.
 *
 * @param sources file names of what it was read from
 * @param trainDocuments files trained on
 * @param trainBytes their length
 * @param trainFingerprint SHA-256 of their tokens
 * @param heldoutDocuments files held out; none is also trained on
 * @param heldoutBytes their length
 * @param heldoutFingerprint SHA-256 of their tokens
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record CorpusFacts(
    ImmutableList<String> sources,
    long trainDocuments,
    long trainBytes,
    String trainFingerprint,
    long heldoutDocuments,
    long heldoutBytes,
    String heldoutFingerprint) {}

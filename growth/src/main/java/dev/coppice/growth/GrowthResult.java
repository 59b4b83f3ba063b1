package dev.coppice.growth;

import java.nio.file.Path;

/**
 * A growth that was carried out.
 *
 * @param plan what was written
 * @param folder where
 * @param shards number of weight files
 * @param bytesWritten bytes of all tensors
 * @param seconds from the start to the folder having its name
 */
public record GrowthResult(
    GrowthPlan plan, Path folder, int shards, long bytesWritten, double seconds) {}

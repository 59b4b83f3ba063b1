package dev.coppice.growth;

import dev.coppice.growth.plan.GrowthPlan;
import java.nio.file.Path;

/**
 * A growth that was carried out.
 *
 * @param plan what was written
 * @param folder where
 * @param shards number of weight files, and the optimizer's where it grew
 * @param keptShards of these, files that a stopped growth had already written
 * @param bytesWritten bytes of all tensors, moments too
 * @param seconds from the start to the folder having its name
 */
public record GrowthResult(
    GrowthPlan plan, Path folder, int shards, int keptShards, long bytesWritten, double seconds) {}

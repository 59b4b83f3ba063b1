package dev.coppice.growth.plan;

/**
 * A tensor of one of a plan's sources.
 *
 * @param source which of them
 * @param name its name there
 */
public record SourceTensor(SourceId source, String name) {}

package dev.coppice.growth.plan;

/**
 * The noise of one matrix.
 *
 * @param scope what σ is taken over
 * @param key which numbers
 */
public record Strand(Scope scope, NoiseKey key) {}

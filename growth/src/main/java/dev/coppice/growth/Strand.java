package dev.coppice.growth;

/**
 * The noise of one matrix.
 *
 * @param scope what σ is taken over
 * @param key which numbers
 */
public record Strand(Scope scope, NoiseKey key) {}

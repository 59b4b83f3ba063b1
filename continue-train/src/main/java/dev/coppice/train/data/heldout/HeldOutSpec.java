package dev.coppice.train.data.heldout;

/**
 * Which documents are held out of a part of the data.
 *
 * @param share of the tokens, in (0, 1)
 * @param seed which of the splits
 */
public record HeldOutSpec(double share, long seed) {}

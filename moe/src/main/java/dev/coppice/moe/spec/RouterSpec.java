package dev.coppice.moe.spec;

/**
 * How a router's scores become expert weights: softmax over all experts, the K largest, and then
 * either their probabilities as they are or divided by their sum.
 *
 * @param renormalize whether the K chosen probabilities are divided by their sum
 */
public record RouterSpec(boolean renormalize) {}

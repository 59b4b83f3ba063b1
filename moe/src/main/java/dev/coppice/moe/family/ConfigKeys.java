package dev.coppice.moe.family;

import com.google.common.collect.ImmutableList;

/**
 * Names that a family's {@code config.json} has for each quantity; every alias that is present is
 * to be kept true.
 *
 * @param layers layer count
 * @param experts routed experts of a mixture layer
 * @param topK experts chosen for a token
 * @param expertWidth inner width of an expert
 * @param denseWidth inner width of a dense layer
 * @param denseLayers list of the indices of dense layers
 * @param sparseStep layer i is a mixture only if (i+1) is a multiple of it
 * @param renormalize whether chosen probabilities are divided by their sum; none where they always
 *     are
 * @param slidingWindow width of an attention window
 */
public record ConfigKeys(
    ImmutableList<String> layers,
    ImmutableList<String> experts,
    ImmutableList<String> topK,
    ImmutableList<String> expertWidth,
    ImmutableList<String> denseWidth,
    ImmutableList<String> denseLayers,
    ImmutableList<String> sparseStep,
    ImmutableList<String> renormalize,
    ImmutableList<String> slidingWindow) {}

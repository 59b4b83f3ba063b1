package dev.coppice.moe.anatomy;

import com.google.common.collect.ImmutableSortedMap;

/**
 * The configuration's entries of one layer.
 *
 * @param moe whether it holds experts
 * @param experts routed experts E; 0 for none
 * @param topK experts chosen for a token, K; 0 for none
 * @param traits its entries in all per-layer lists and rules, by key; layers with the same traits
 *     hold the same tensors
 */
public record LayerShape(
    boolean moe, int experts, int topK, ImmutableSortedMap<String, String> traits) {}

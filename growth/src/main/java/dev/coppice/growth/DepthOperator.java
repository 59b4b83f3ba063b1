package dev.coppice.growth;

/** A growth that adds layers. */
public non-sealed interface DepthOperator extends GrowthOperator {}

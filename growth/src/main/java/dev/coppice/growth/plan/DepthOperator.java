package dev.coppice.growth.plan;

/** A growth that adds layers. */
public non-sealed interface DepthOperator extends GrowthOperator {}

package dev.coppice.growth.plan;

/** A growth that adds experts. */
public non-sealed interface WidthOperator extends GrowthOperator {}

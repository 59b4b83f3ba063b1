package dev.coppice.growth;

/** A growth that adds experts. */
public non-sealed interface WidthOperator extends GrowthOperator {}

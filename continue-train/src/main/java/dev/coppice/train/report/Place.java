package dev.coppice.train.report;

/**
 * Where a run stood.
 *
 * @param step number of steps
 * @param tokens trained on
 * @param flops of extra compute
 * @param seconds in steps
 */
record Place(double step, double tokens, double flops, double seconds) {}

package dev.coppice.train.run;

import dev.coppice.train.metrics.MetricsLine;

/**
 * Report of a step.
 *
 * @param line for the curve
 * @param spike whether loss or gradient norm leapt
 * @param unlabelled whether there was no token to learn from, and so no update
 */
record StepReport(MetricsLine line, boolean spike, boolean unlabelled) {}

/**
 * The curve of a run, one JSON line a step. Main type: {@link
 * dev.coppice.train.metrics.MetricsLog}.
 */
@NullMarked
package dev.coppice.train.metrics;

import org.jspecify.annotations.NullMarked;

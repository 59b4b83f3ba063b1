/**
 * Metrics and events of a run: as JSON lines, and in the forms of other tools. Main types: {@link
 * dev.coppice.train.metrics.MetricsSink} and {@link dev.coppice.train.metrics.RunSinks}.
 */
@NullMarked
package dev.coppice.train.metrics;

import org.jspecify.annotations.NullMarked;

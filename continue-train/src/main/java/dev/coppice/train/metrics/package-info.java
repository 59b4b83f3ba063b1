/**
 * What is seen of a run: its curve and events as JSON lines, and for other tools as they want them.
 * Main types: {@link dev.coppice.train.metrics.MetricsSink} and {@link
 * dev.coppice.train.metrics.RunSinks}.
 */
@NullMarked
package dev.coppice.train.metrics;

import org.jspecify.annotations.NullMarked;

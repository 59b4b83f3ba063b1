/**
 * Charts as SVG without scripts or outside references, the same bytes on every machine. Main type:
 * {@link dev.coppice.moe.chart.LineChart}.
 */
@NullMarked
package dev.coppice.moe.chart;

import org.jspecify.annotations.NullMarked;

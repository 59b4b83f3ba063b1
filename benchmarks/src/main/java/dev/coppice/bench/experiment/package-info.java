/**
 * Experiments as declarative specs: what is trained, grown, continued under one budget and judged.
 * Main type: {@link dev.coppice.bench.experiment.GrowVersusScratch}.
 */
@NullMarked
package dev.coppice.bench.experiment;

import org.jspecify.annotations.NullMarked;

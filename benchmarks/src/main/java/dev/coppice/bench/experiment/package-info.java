/**
 * Experiments as declarative specs: models to train, to grow, to continue under one budget and to
 * evaluate. Main type: {@link dev.coppice.bench.experiment.GrowVersusScratch}.
 */
@NullMarked
package dev.coppice.bench.experiment;

import org.jspecify.annotations.NullMarked;

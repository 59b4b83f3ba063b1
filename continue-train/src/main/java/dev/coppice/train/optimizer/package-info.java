/**
 * What an update is told: AdamW's settings, the weights of the loss terms, and when to give up.
 * Main type: {@link dev.coppice.train.optimizer.OptimizerSpec}.
 */
@NullMarked
package dev.coppice.train.optimizer;

import org.jspecify.annotations.NullMarked;

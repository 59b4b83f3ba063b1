/**
 * Settings of an update: AdamW, weights of the loss terms, and the limit of skipped steps. Main
 * type: {@link dev.coppice.train.optimizer.OptimizerSpec}.
 */
@NullMarked
package dev.coppice.train.optimizer;

import org.jspecify.annotations.NullMarked;

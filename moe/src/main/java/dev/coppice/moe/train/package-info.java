/**
 * One training step of a language model: gradients of a batch, AdamW, an average of the weights,
 * and files of all that. Main type: {@link dev.coppice.moe.train.Learner}.
 */
@NullMarked
package dev.coppice.moe.train;

import org.jspecify.annotations.NullMarked;

/** Continued training of a checkpoint: data, schedule, budget and the loop that joins them. */
@NullMarked
package dev.coppice.train;

import org.jspecify.annotations.NullMarked;

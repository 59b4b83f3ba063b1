/** How a checkpoint goes on learning: data, schedule, budget and the loop that joins them. */
@NullMarked
package dev.coppice.train;

import org.jspecify.annotations.NullMarked;

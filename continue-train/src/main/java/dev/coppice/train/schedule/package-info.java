/**
 * The learning rate as a function of the spent share of a budget. Main type: {@link
 * dev.coppice.train.schedule.Schedule}.
 */
@NullMarked
package dev.coppice.train.schedule;

import org.jspecify.annotations.NullMarked;

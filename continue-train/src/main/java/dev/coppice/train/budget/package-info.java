/**
 * The budget of a run and the cost of a step, in integers. Main type: {@link
 * dev.coppice.train.budget.Budget}.
 */
@NullMarked
package dev.coppice.train.budget;

import org.jspecify.annotations.NullMarked;

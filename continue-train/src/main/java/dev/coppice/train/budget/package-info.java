/**
 * How much a run may spend, and what a step costs, in integers. Main type: {@link
 * dev.coppice.train.budget.Budget}.
 */
@NullMarked
package dev.coppice.train.budget;

import org.jspecify.annotations.NullMarked;

/**
 * Whether and how a checkpoint should grow, with the numbers and the source of each finding. Main
 * type: {@link dev.coppice.growth.advice.GrowthAdvisor}.
 */
@NullMarked
package dev.coppice.growth.advice;

import org.jspecify.annotations.NullMarked;

/** Numbers: stored floating-point formats, and the normal distribution's quantile. */
@NullMarked
package dev.coppice.moe.number;

import org.jspecify.annotations.NullMarked;

/** How a checkpoint grows: operators make plans, plans are composed, an executor streams them. */
@NullMarked
package dev.coppice.growth;

import org.jspecify.annotations.NullMarked;

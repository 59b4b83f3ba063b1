/** The optimizer's moments of a grown checkpoint. */
@NullMarked
package dev.coppice.growth.moment;

import org.jspecify.annotations.NullMarked;

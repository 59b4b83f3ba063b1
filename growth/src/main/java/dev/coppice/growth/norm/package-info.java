/** How large the weights of each layer are. */
@NullMarked
package dev.coppice.growth.norm;

import org.jspecify.annotations.NullMarked;

/** Growth in depth: more layers. Main type: {@link dev.coppice.growth.depth.Interpose}. */
@NullMarked
package dev.coppice.growth.depth;

import org.jspecify.annotations.NullMarked;

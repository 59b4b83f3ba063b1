/** Growth in width: more experts. Main type: {@link dev.coppice.growth.width.DuplicateExperts}. */
@NullMarked
package dev.coppice.growth.width;

import org.jspecify.annotations.NullMarked;

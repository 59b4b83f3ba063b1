/**
 * The anatomy of a checkpoint, for growth of any family: the layers with experts, the role of each
 * tensor, and the kind of router. Main type: {@link dev.coppice.moe.anatomy.Anatomy}.
 */
@NullMarked
package dev.coppice.moe.anatomy;

import org.jspecify.annotations.NullMarked;

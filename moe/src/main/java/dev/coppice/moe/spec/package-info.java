/**
 * A model as numbers: layers, widths, experts, router kind, and the counts that follow. Main type:
 * {@link dev.coppice.moe.spec.MoeSpec}.
 */
@NullMarked
package dev.coppice.moe.spec;

import org.jspecify.annotations.NullMarked;

/**
 * What growth has to know of a checkpoint, whatever its family: which layers hold experts, what
 * each tensor is to them, what kind of router chooses. Main type: {@link
 * dev.coppice.moe.anatomy.Anatomy}.
 */
@NullMarked
package dev.coppice.moe.anatomy;

import org.jspecify.annotations.NullMarked;

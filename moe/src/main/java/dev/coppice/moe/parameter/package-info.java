/**
 * The arrays of a model: where each of a family's tensors lies in them, how files are read into
 * them and written from them, and their first values. Main type: {@link
 * dev.coppice.moe.parameter.Parameters}.
 */
@NullMarked
package dev.coppice.moe.parameter;

import org.jspecify.annotations.NullMarked;

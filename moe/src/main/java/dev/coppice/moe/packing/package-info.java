/**
 * Packed weights, distinguished from their scales and from buffers. Main type: {@link
 * dev.coppice.moe.packing.Packing}.
 */
@NullMarked
package dev.coppice.moe.packing;

import org.jspecify.annotations.NullMarked;

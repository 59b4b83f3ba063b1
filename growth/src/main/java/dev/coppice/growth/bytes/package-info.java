/** Recipes carried out: from plans and source tensors to the bytes of output tensors. */
@NullMarked
package dev.coppice.growth.bytes;

import org.jspecify.annotations.NullMarked;

/** Which documents are held out of training, and how an evaluation finds them. */
@NullMarked
package dev.coppice.train.data.heldout;

import org.jspecify.annotations.NullMarked;

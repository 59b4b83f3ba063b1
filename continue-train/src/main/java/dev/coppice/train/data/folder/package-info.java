/** Which files below a path are data, and in which form. */
@NullMarked
package dev.coppice.train.data.folder;

import org.jspecify.annotations.NullMarked;

/** Tokens on disk, documents one after the other, and how they are joined, cut, copied and kept. */
@NullMarked
package dev.coppice.train.data.token;

import org.jspecify.annotations.NullMarked;

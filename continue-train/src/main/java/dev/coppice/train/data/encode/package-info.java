/** How documents of text become tokens, on several threads, and the bytes that tokens stand for. */
@NullMarked
package dev.coppice.train.data.encode;

import org.jspecify.annotations.NullMarked;

/**
 * From text to batches: finding files, tokenising them once, and the order in which windows are
 * drawn. Main type: {@link dev.coppice.train.data.TokenFile}.
 */
@NullMarked
package dev.coppice.train.data;

import org.jspecify.annotations.NullMarked;

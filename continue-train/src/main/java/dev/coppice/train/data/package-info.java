/**
 * From paths to the data of a run: what was read, what is held out, and how a resumed run finds it
 * again. Main type: {@link dev.coppice.train.data.Preparation}.
 */
@NullMarked
package dev.coppice.train.data;

import org.jspecify.annotations.NullMarked;

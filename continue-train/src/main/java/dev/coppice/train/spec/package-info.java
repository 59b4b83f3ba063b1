/** Settings of a run, as records that are checked where they are made. */
@NullMarked
package dev.coppice.train.spec;

import org.jspecify.annotations.NullMarked;

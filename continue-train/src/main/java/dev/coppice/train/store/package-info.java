/** A run's folder and its checkpoints, whole or invisible. */
@NullMarked
package dev.coppice.train.store;

import org.jspecify.annotations.NullMarked;

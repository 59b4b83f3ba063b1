/** A run's folder and its checkpoints, each complete or absent. */
@NullMarked
package dev.coppice.train.store;

import org.jspecify.annotations.NullMarked;

/** The commands {@code train} and {@code eval}. */
@NullMarked
package dev.coppice.train.cli;

import org.jspecify.annotations.NullMarked;

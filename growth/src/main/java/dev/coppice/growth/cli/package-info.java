/** The commands {@code grow}, {@code verify} and {@code inspect}. */
@NullMarked
package dev.coppice.growth.cli;

import org.jspecify.annotations.NullMarked;

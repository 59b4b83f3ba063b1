/** The commands {@code grow}, {@code verify}, {@code inspect} and {@code advise}. */
@NullMarked
package dev.coppice.growth.cli;

import org.jspecify.annotations.NullMarked;

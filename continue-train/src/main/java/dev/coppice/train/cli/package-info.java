/** The commands {@code train}, {@code eval}, {@code routers} and {@code report}. */
@NullMarked
package dev.coppice.train.cli;

import org.jspecify.annotations.NullMarked;

/**
 * The commands {@code demo} and {@code bench}. Main type: {@link
 * dev.coppice.bench.cli.BenchCommands}.
 */
@NullMarked
package dev.coppice.bench.cli;

import org.jspecify.annotations.NullMarked;

/**
 * The command line: the {@code coppice} program, which gathers the commands that every module
 * brings. Main type: {@link dev.coppice.moe.cli.Coppice}.
 */
@NullMarked
package dev.coppice.moe.cli;

import org.jspecify.annotations.NullMarked;

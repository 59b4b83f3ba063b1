/** Commands that run a model. Main type: {@link dev.coppice.moe.model.cli.ModelCommands}. */
@NullMarked
package dev.coppice.moe.model.cli;

import org.jspecify.annotations.NullMarked;

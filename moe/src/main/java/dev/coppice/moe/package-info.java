/**
 * Errors and exit codes of all parts of Coppice. Main type: {@link
 * dev.coppice.moe.CoppiceException}.
 */
@NullMarked
package dev.coppice.moe;

import org.jspecify.annotations.NullMarked;

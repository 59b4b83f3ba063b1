/**
 * What every part of Coppice shares: the errors it reports and the exit codes they end with. Main
 * type: {@link dev.coppice.moe.CoppiceException}.
 */
@NullMarked
package dev.coppice.moe;

import org.jspecify.annotations.NullMarked;

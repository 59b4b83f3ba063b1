/** Files that last, their check sums, room on a disk, and threads that read and write. */
@NullMarked
package dev.coppice.moe.io;

import org.jspecify.annotations.NullMarked;

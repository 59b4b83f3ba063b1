/**
 * Where kernels run: the engine, compiled kernels as typed calls, and the threads that share a
 * batch. Main type: {@link dev.coppice.moe.backend.KernelLibrary}.
 */
@NullMarked
package dev.coppice.moe.backend;

import org.jspecify.annotations.NullMarked;

/**
 * The compute kernels: TorchScript text, and the archive that carries it into the engine at run
 * time. Main type: {@link dev.coppice.moe.kernel.KernelLibrary}.
 */
@NullMarked
package dev.coppice.moe.kernel;

import org.jspecify.annotations.NullMarked;

/**
 * What kernels compute: TorchScript text, the numbers of a call, and the archive that carries the
 * text into the engine. Main type: {@link dev.coppice.moe.kernel.DecoderCall}.
 */
@NullMarked
package dev.coppice.moe.kernel;

import org.jspecify.annotations.NullMarked;

/**
 * Byte-level BPE, read without the tokenizers library where both give the same ids. Main type:
 * {@link dev.coppice.moe.text.bpe.BytePairEncoder}.
 *
 * <p>It was added because it read text ten times as fast as the library did through its binding,
 * which was 0.5 MB a second and thread. Only {@code moe.text} uses it.
 */
@NullMarked
package dev.coppice.moe.text.bpe;

import org.jspecify.annotations.NullMarked;

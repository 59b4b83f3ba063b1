/**
 * Byte-level BPE, read without the tokenizers library where both give the same ids. Main type:
 * {@link dev.coppice.moe.text.bpe.BytePairEncoder}.
 */
@NullMarked
package dev.coppice.moe.text.bpe;

import org.jspecify.annotations.NullMarked;

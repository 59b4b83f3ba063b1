/** Tokens in files of nanoGPT, llm.c, NumPy and Megatron, read in place. */
@NullMarked
package dev.coppice.train.data.foreign;

import org.jspecify.annotations.NullMarked;

/**
 * Text and token ids: tokenizers, and the generation of text. Main types: {@link
 * dev.coppice.moe.text.Tokenizer}, {@link dev.coppice.moe.text.TextGenerator}.
 */
@NullMarked
package dev.coppice.moe.text;

import org.jspecify.annotations.NullMarked;

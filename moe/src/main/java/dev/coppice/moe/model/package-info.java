/**
 * The language model: its logits, losses, router counts and generated tokens. Main type: {@link
 * dev.coppice.moe.model.LanguageModel}.
 */
@NullMarked
package dev.coppice.moe.model;

import org.jspecify.annotations.NullMarked;

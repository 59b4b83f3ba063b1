/**
 * The language model: its parameters, loading and saving, its logits and losses, and its learner.
 * Main type: {@link dev.coppice.moe.model.LanguageModel}.
 */
@NullMarked
package dev.coppice.moe.model;

import org.jspecify.annotations.NullMarked;

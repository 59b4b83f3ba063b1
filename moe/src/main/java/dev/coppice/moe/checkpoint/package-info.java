/**
 * A checkpoint folder as Hugging Face lays it out: configuration, shards, index, side files, and
 * Coppice's own record. Reading checks everything before it hands anything out; writing makes the
 * folder appear whole or not at all. Main types: {@link dev.coppice.moe.checkpoint.Checkpoint},
 * {@link dev.coppice.moe.checkpoint.CheckpointWriter}.
 */
@NullMarked
package dev.coppice.moe.checkpoint;

import org.jspecify.annotations.NullMarked;

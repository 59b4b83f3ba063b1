/**
 * The files of a model folder beside its weights: JSON, code and what code refers to, the model
 * card. Main types: {@link dev.coppice.moe.folder.JsonFiles}, {@link
 * dev.coppice.moe.folder.CarriedFiles}.
 */
@NullMarked
package dev.coppice.moe.folder;

import org.jspecify.annotations.NullMarked;

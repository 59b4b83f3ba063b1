/** Evaluation of a model: held-out text, multiple choice, routers. */
@NullMarked
package dev.coppice.train.eval;

import org.jspecify.annotations.NullMarked;

/** The training loop and what it keeps: checkpoints, resume, evaluation. */
@NullMarked
package dev.coppice.train.run;

import org.jspecify.annotations.NullMarked;

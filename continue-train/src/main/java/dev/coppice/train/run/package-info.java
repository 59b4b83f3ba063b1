/** The training loop, with saving, resume, evaluation and roll back. */
@NullMarked
package dev.coppice.train.run;

import org.jspecify.annotations.NullMarked;

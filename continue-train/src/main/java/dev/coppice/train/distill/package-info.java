/** Distillation from an older model. Main type: {@link dev.coppice.train.distill.TeacherSpec}. */
@NullMarked
package dev.coppice.train.distill;

import org.jspecify.annotations.NullMarked;

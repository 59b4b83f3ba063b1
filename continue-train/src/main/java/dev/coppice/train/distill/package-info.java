/**
 * Learning from an older model as well as from text. Main type: {@link
 * dev.coppice.train.distill.TeacherSpec}.
 */
@NullMarked
package dev.coppice.train.distill;

import org.jspecify.annotations.NullMarked;

/**
 * Families of models as data: a JSON resource a family names its configuration keys, its tensors
 * and what the kernels cannot run. Main type: {@link dev.coppice.moe.family.Family}.
 */
@NullMarked
package dev.coppice.moe.family;

import org.jspecify.annotations.NullMarked;

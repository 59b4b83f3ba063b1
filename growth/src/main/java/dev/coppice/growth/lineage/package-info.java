/** Operators, recipes and origins as JSON, in lineages and recipe files. */
@NullMarked
package dev.coppice.growth.lineage;

import org.jspecify.annotations.NullMarked;

/** Plans of growth: for every output tensor a recipe, and the config that goes with it. */
@NullMarked
package dev.coppice.growth.plan;

import org.jspecify.annotations.NullMarked;

/**
 * Names of modules in configurations: lists of unquantised modules, bits by module name, patterns
 * of both. They follow layers and experts by meaning. Main type: {@link
 * dev.coppice.growth.modules.ModuleGrowth}.
 */
@NullMarked
package dev.coppice.growth.modules;

import org.jspecify.annotations.NullMarked;

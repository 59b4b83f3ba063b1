/** Experiments, their reports, and speed benchmarks. */
@NullMarked
package dev.coppice.bench;

import org.jspecify.annotations.NullMarked;

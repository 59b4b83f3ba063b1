/** Speed benchmarks, each beside the plainest thing that does the same amount of work. */
@NullMarked
package dev.coppice.bench.micro;

import org.jspecify.annotations.NullMarked;

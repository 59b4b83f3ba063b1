/** How fast the parts run. Main type: {@link dev.coppice.bench.micro.SpeedTrain}. */
@NullMarked
package dev.coppice.bench.micro;

import org.jspecify.annotations.NullMarked;

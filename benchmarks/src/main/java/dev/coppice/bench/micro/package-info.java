/**
 * How fast the parts run. Main types: {@link dev.coppice.bench.micro.SpeedTrain} and {@link
 * dev.coppice.bench.micro.SpeedGrow}.
 */
@NullMarked
package dev.coppice.bench.micro;

import org.jspecify.annotations.NullMarked;

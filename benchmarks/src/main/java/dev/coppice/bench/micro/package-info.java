/**
 * Speed benchmarks, each with the machine's own limit beside it: a training step beside a plain
 * matrix product, growth beside a plain copy. Main types: {@link
 * dev.coppice.bench.micro.SpeedTrain}, {@link dev.coppice.bench.micro.SpeedGrow}.
 */
@NullMarked
package dev.coppice.bench.micro;

import org.jspecify.annotations.NullMarked;

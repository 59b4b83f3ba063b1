package dev.coppice.train.run;

import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * What a run sees of the machine.
 *
 * @param environment that decides how sums are rounded
 * @param disk that the run writes to
 * @param nanoTime a clock
 */
record Host(Supplier<Environment> environment, DiskSpace disk, LongSupplier nanoTime) {
  /** This machine. */
  static final Host HERE = new Host(Environment::here, DiskSpace.REAL, System::nanoTime);
}

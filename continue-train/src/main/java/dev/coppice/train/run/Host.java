package dev.coppice.train.run;

import dev.coppice.moe.backend.Backend;
import dev.coppice.moe.io.DiskSpace;
import dev.coppice.moe.model.ThreadRule;
import dev.coppice.moe.spec.MoeSpec;
import dev.coppice.train.spec.BatchSpec;
import dev.coppice.train.store.Environment;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The machine as a run uses it.
 *
 * @param environment that decides how sums are rounded
 * @param threadsGiven whether its number of threads is the user's; otherwise it is chosen by the
 *     model's size, or that of the run that is resumed
 * @param disk that the run writes to
 * @param nanoTime a clock
 */
record Host(
    Supplier<Environment> environment,
    boolean threadsGiven,
    DiskSpace disk,
    LongSupplier nanoTime) {
  /** This machine. */
  static Host here() {
    boolean threadsGiven = Backend.forThisMachine().threadsGiven();
    return new Host(Environment::here, threadsGiven, DiskSpace.REAL, System::nanoTime);
  }

  /** The environment in which a run of that model begins. */
  Environment toBegin(MoeSpec model, BatchSpec batch) {
    Environment here = environment.get();
    return threadsGiven
        ? here
        : here.withThreads(
            ThreadRule.threads(model, batch.microBatch(), batch.sequence(), here.threads()));
  }

  /** The environment of a run that is resumed from that one. */
  Environment toGoOn(Environment before) {
    Environment here = environment.get();
    return threadsGiven ? here : here.withThreads(before.threads());
  }
}

package dev.coppice.train.run;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.coppice.moe.CoppiceVersion;
import dev.coppice.moe.kernel.TorchRuntime;

/**
 * What decides how sums are rounded: only where all of it is the same are resumed runs the same to
 * the bit.
 *
 * @param coppiceVersion of the program
 * @param threads that an operator may use
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
record Environment(String coppiceVersion, int threads) {

  /** That of this process. */
  static Environment here() {
    return new Environment(CoppiceVersion.current(), TorchRuntime.threads());
  }
}

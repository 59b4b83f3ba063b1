package dev.coppice.bench.experiment;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * Loss of one model less that of another, on the same text; negative where the first is better.
 *
 * @param first name
 * @param second name
 * @param loss first less second, nats a byte
 * @param intervalLow lower end of the 95 % interval, both models resampled alike
 * @param intervalHigh upper end of it
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record Difference(
    String first, String second, double loss, double intervalLow, double intervalHigh) {
  /** The conclusion from the interval. */
  enum Finding {
    BETTER,
    WORSE,
    UNDECIDED
  }

  Finding finding() {
    if (intervalHigh < 0) {
      return Finding.BETTER;
    }
    return intervalLow > 0 ? Finding.WORSE : Finding.UNDECIDED;
  }
}
